using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Veza.Integration.Tests.Live.Broadcasts;

/// <summary>A browser's side of a source's WebSocket.</summary>
internal sealed class SourceClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<SourceClient> ConnectAsync(string address, Guid broadcastId)
    {
        var client = new SourceClient();
        await client._socket.ConnectAsync(
            new Uri($"{address.Replace("http", "ws", StringComparison.Ordinal)}/live/{broadcastId}/source"),
            Ct
        );
        return client;
    }

    /// <summary>Connects and sends the first message.</summary>
    public static async Task<SourceClient> SayAsync(string address, Guid broadcastId, string key, string contentType)
    {
        var client = await ConnectAsync(address, broadcastId);
        await client.SendAsync(JsonSerializer.Serialize(new { key, contentType }));
        return client;
    }

    public Task SendAsync(string text) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Ct);

    public Task SendAsync(ReadOnlyMemory<byte> sound) =>
        _socket.SendAsync(sound, WebSocketMessageType.Binary, true, Ct).AsTask();

    public async Task AcceptedAsync()
    {
        var buffer = new byte[200];
        var received = await _socket.ReceiveAsync(buffer.AsMemory(), Ct);
        Assert.True(received.MessageType == WebSocketMessageType.Text, _socket.CloseStatusDescription);
        Assert.Equal("""{"type":"accepted"}""", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    /// <summary>Waits for the server's close frame, and answers it.</summary>
    public async Task<(int Code, string? Reason)> ClosedAsync()
    {
        var received = await _socket.ReceiveAsync(new byte[200].AsMemory(), Ct);
        Assert.Equal(WebSocketMessageType.Close, received.MessageType);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Ct);
        return ((int)_socket.CloseStatus!, _socket.CloseStatusDescription);
    }

    /// <summary>Finishes as a page does that stops its recorder.</summary>
    public Task FinishAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Ct);

    public void Dispose()
    {
        _socket.Abort();
        _socket.Dispose();
    }
}
