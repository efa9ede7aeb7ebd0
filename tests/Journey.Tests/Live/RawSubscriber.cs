using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Veza.Journey.Tests.Live;

/// <summary>
/// A WebSocket that speaks SignalR's JSON protocol, without our client code. It shows that the server keeps the
/// promise.
/// </summary>
internal sealed class RawSubscriber : IAsyncDisposable
{
    private const char Separator = '\u001e';
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    private readonly Uri _hub;
    private readonly string[] _topics;
    private readonly List<long> _items = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _following;
    private volatile TaskCompletionSource? _paused;
    private string? _epoch;
    private long _position;

    public RawSubscriber(int port, string token, string[] topics, long after)
    {
        _hub = new($"ws://127.0.0.1:{port}/hubs/live?access_token={token}");
        _topics = topics;
        _position = after;
        _following = Task.Run(FollowAsync);
    }

    public string[] Topics => _topics;
    public int Connections { get; private set; }

    /// <summary>A violation of the promise; null when there was none.</summary>
    public string? Fault { get; private set; }

    public long[] Items
    {
        get
        {
            lock (_items)
                return [.. _items];
        }
    }

    /// <summary>Stops reading and leaves the server's bytes in the buffers.</summary>
    public void Pause() => _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void GoOn()
    {
        var paused = _paused;
        _paused = null;
        paused?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        GoOn();
        await _following;
    }

    private async Task FollowAsync()
    {
        var random = new Random(_topics[0].GetHashCode(StringComparison.Ordinal));
        while (!_ending.IsCancellationRequested && Fault is null)
        {
            try
            {
                using var socket = new ClientWebSocket();
                await socket.ConnectAsync(_hub, _ending.Token);
                Connections++;
                await SendAsync(socket, """{"protocol":"json","version":1}""");
                var topics = JsonSerializer.Serialize(_topics);
                await SendAsync(
                    socket,
                    _epoch is null
                        ? $$"""{"type":4,"invocationId":"1","target":"Subscribe","arguments":[{{topics}},"""
                            + $$"""{{_position}}]}"""
                        : $$"""{"type":4,"invocationId":"1","target":"Resume","arguments":[{{topics}},"""
                            + $$"""{{_position}},"{{_epoch}}"]}"""
                );
                await ReadAsync(socket);
            }
            catch (Exception broken) when (broken is WebSocketException or OperationCanceledException or IOException)
            { }
            // A client that retries without a wait would slow the nodes' start.
            await Task.Delay(random.Next(20, 300)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(ClientWebSocket socket)
    {
        var (buffer, text) = (new byte[16 << 10], new MemoryStream());
        var pinged = Environment.TickCount64;
        while (true)
        {
            if (_paused is { } paused)
                await paused.Task;
            var received = await socket.ReceiveAsync(buffer.AsMemory(), _ending.Token);
            if (received.MessageType == WebSocketMessageType.Close)
                return;
            text.Write(buffer, 0, received.Count);
            if (!received.EndOfMessage)
                continue;
            foreach (
                var record in Encoding
                    .UTF8.GetString(text.GetBuffer(), 0, (int)text.Length)
                    .Split(Separator, StringSplitOptions.RemoveEmptyEntries)
            )
                if (!Take(JsonDocument.Parse(record).RootElement))
                    return;
            text.SetLength(0);
            if (Environment.TickCount64 - pinged < PingEvery.TotalMilliseconds)
                continue;
            await SendAsync(socket, """{"type":6}""");
            pinged = Environment.TickCount64;
        }
    }

    /// <returns>False when this connection has ended.</returns>
    private bool Take(JsonElement record)
    {
        if (!record.TryGetProperty("type", out var type))
            return true;
        if (
            type.GetInt32() == 3
            && record.TryGetProperty("error", out var error)
            && error.GetString() is { } said
            && !said.Contains("server_stopping")
            && !said.Contains("not_there_yet")
        )
            Fault = said;
        if (type.GetInt32() is 3 or 7)
            return false;
        if (type.GetInt32() != 2)
            return true;
        var message = record.GetProperty("item");
        switch (message.GetProperty("kind").GetString())
        {
            case "batch":
                if (message.GetProperty("previous").GetInt64() != _position)
                    Fault = $"at {_position} came {message}";
                lock (_items)
                    foreach (var item in message.GetProperty("items").EnumerateArray())
                        _items.Add(item.GetProperty("position").GetInt64());
                (_epoch, _position) = (
                    message.GetProperty("epoch").GetString(),
                    message.GetProperty("position").GetInt64()
                );
                return Fault is null;
            case "closed" when message.GetProperty("reason").GetString() == "server_stopping":
                return false;
            default:
                Fault = message.ToString();
                return false;
        }
    }

    private Task SendAsync(ClientWebSocket socket, string record) =>
        socket.SendAsync(
            Encoding.UTF8.GetBytes(record + Separator),
            WebSocketMessageType.Text,
            endOfMessage: true,
            _ending.Token
        );
}
