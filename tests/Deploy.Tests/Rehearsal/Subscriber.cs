using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>Follows a channel by WebSocket, and resumes from its position whenever the stream ends.</summary>
internal sealed class Subscriber(string address, Func<string> token, Guid channel) : IAsyncDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReachMax = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _received = [];
    private int _again;
    private Task _reading = Task.CompletedTask;
    private string? _epoch;
    private long _position;
    private long _newest;

    public Guid Channel => channel;
    public int Resumed { get; private set; }
    public int EpochsChanged { get; private set; }
    private int OutOfOrder { get; set; }

    /// <summary>Subscribes, and returns once the first batch says where the subscription begins.</summary>
    public async Task StartAsync()
    {
        _reading = Task.Run(ReadAsync);
        await _begun.Task.WaitAsync(ReachMax);
    }

    /// <summary>Different messages.</summary>
    public int Items
    {
        get
        {
            lock (_lock)
                return _received.Count;
        }
    }

    /// <summary>Messages that came again, or not at their place.</summary>
    public int Repeated
    {
        get
        {
            lock (_lock)
                return _again + OutOfOrder;
        }
    }

    /// <returns>How many of these did not come.</returns>
    public int Missing(IEnumerable<Guid> sent)
    {
        lock (_lock)
            return sent.Count(id => !_received.Contains(id));
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
                options.AccessTokenProvider = () => Task.FromResult<string?>(token());
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
        var head = message.GetProperty("head").GetInt64();
        // After a restore it is before what came last.
        lock (_lock)
            _newest = head;
        Volatile.Write(ref _position, head);
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
                if (!_received.Add(id))
                    _again++;
            }
        }
        _epoch = batch.GetProperty("epoch").GetString();
        Volatile.Write(ref _position, batch.GetProperty("position").GetInt64());
        _begun.TrySetResult();
    }
}
