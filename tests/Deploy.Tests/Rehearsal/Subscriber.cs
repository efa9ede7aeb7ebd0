using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>Follows a channel by WebSocket, and resumes from its position whenever the stream ends.</summary>
internal sealed class Subscriber(string address, string token, Guid channel) : IAsyncDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReachMax = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, int> _received = [];
    private Task _reading = Task.CompletedTask;
    private string? _epoch;
    private long _position;
    private long _newest;

    public Guid Channel => channel;
    public int Resumed { get; private set; }
    public int EpochsChanged { get; private set; }
    public int OutOfOrder { get; private set; }

    /// <summary>Subscribes, and returns once the first batch says where the subscription begins.</summary>
    public async Task StartAsync()
    {
        _reading = Task.Run(ReadAsync);
        await _begun.Task.WaitAsync(ReachMax);
    }

    public Dictionary<Guid, int> Received()
    {
        lock (_lock)
            return new(_received);
    }

    /// <summary>Waits until it has read up to a position, within a bound.</summary>
    public async Task ReachedAsync(long position)
    {
        using var look = new PeriodicTimer(AgainAfter);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < ReachMax; await look.WaitForNextTickAsync())
            if (Volatile.Read(ref _position) >= position)
                return;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ReadOnceAsync();
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception broken)
                when (broken is HubException or HttpRequestException or IOException or OperationCanceledException
                    || broken is System.Net.WebSockets.WebSocketException or InvalidOperationException
                ) { }
            if (_stop.IsCancellationRequested)
                return;
            Resumed++;
            using var wait = new PeriodicTimer(AgainAfter);
            await wait.WaitForNextTickAsync();
        }
    }

    private async Task ReadOnceAsync()
    {
        await using var connection = new HubConnectionBuilder()
            .WithUrl(address + "/hubs/live", HttpTransportType.WebSockets, options =>
            {
                options.SkipNegotiation = true;
                options.AccessTokenProvider = () => Task.FromResult<string?>(token);
                options.WebSocketConfiguration = socket =>
                    socket.RemoteCertificateValidationCallback = (_, _, _, _) => true;
            })
            .Build();
        await connection.StartAsync(_stop.Token);
        string[] topics = [$"channel:{channel}"];
        var stream = _epoch is null
            ? connection.StreamAsync<JsonElement>("Subscribe", topics, null, _stop.Token)
            : connection.StreamAsync<JsonElement>("Resume", topics, _position, _epoch, _stop.Token);
        await foreach (var message in stream)
            if (!Take(message))
                return;
    }

    /// <returns>False when it is the last message of the stream.</returns>
    private bool Take(JsonElement message)
    {
        switch (message.GetProperty("kind").GetString())
        {
            case "batch":
                TakeBatch(message);
                return true;
            case "epochChanged":
                EpochsChanged++;
                GoOnAt(message);
                return false;
            case "fellBehind":
                GoOnAt(message);
                return false;
            default:
                return false;
        }
    }

    private void GoOnAt(JsonElement message)
    {
        _epoch = message.GetProperty("epoch").GetString();
        Volatile.Write(ref _position, message.GetProperty("head").GetInt64());
    }

    private void TakeBatch(JsonElement batch)
    {
        lock (_lock)
        {
            // Where it is must be where the server believes it is.
            if (_epoch is not null && batch.GetProperty("previous").GetInt64() != _position)
                OutOfOrder++;
            foreach (var item in batch.GetProperty("items").EnumerateArray())
            {
                if (item.GetProperty("type").GetString() != "messageSent")
                    continue;
                var position = item.GetProperty("position").GetInt64();
                if (position <= _newest)
                    OutOfOrder++;
                _newest = position;
                var id = item.GetProperty("data").GetProperty("messageId").GetGuid();
                _received[id] = _received.GetValueOrDefault(id) + 1;
            }
        }
        _epoch = batch.GetProperty("epoch").GetString();
        Volatile.Write(ref _position, batch.GetProperty("position").GetInt64());
        _begun.TrySetResult();
    }
}
