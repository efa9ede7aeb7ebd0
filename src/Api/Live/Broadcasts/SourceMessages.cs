using System.Net.WebSockets;

namespace Veza.Api.Live.Broadcasts;

/// <summary>Reads a source's WebSocket so that a wait can end without the socket.</summary>
/// <remarks>
/// Cancelling a receive would abort the socket, and the close frame with its reason would be lost. So a wait that is
/// cancelled leaves the receive in progress, and the next one continues it. For one caller at a time.
/// </remarks>
internal sealed class SourceMessages(WebSocket socket, int bufferBytes)
{
    // Not pooled: a receive in progress may still write into it.
    private readonly byte[] _buffer = new byte[bufferBytes];
    private Task<ValueWebSocketReceiveResult>? _receiving;

    /// <returns>A part of a message, valid until the next call.</returns>
    /// <exception cref="WebSocketException">The connection is lost.</exception>
    public async Task<(WebSocketMessageType Type, ReadOnlyMemory<byte> Bytes)> ReceiveAsync(CancellationToken stop)
    {
        var received = await ReceivePartAsync(stop);
        return (received.MessageType, _buffer.AsMemory(0, received.Count));
    }

    /// <returns>Null when the message is no text, or longer.</returns>
    public async Task<byte[]?> ReadTextAsync(int bytesMax, CancellationToken stop)
    {
        var text = new MemoryStream();
        while (true)
        {
            var received = await ReceivePartAsync(stop);
            if (received.MessageType != WebSocketMessageType.Text || text.Length + received.Count > bytesMax)
                return null;
            text.Write(_buffer.AsSpan(0, received.Count));
            if (received.EndOfMessage)
                return text.ToArray();
        }
    }

    public Task SendTextAsync(byte[] text, CancellationToken ct) =>
        socket.SendAsync(text, WebSocketMessageType.Text, endOfMessage: true, ct);

    /// <summary>Sends the close frame, and drops what arrives before the other side's.</summary>
    public async Task CloseAsync(SourceClose close, TimeSpan timeMax, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(timeMax, time);
        try
        {
            await socket.CloseOutputAsync((WebSocketCloseStatus)close.Code, close.Reason, limit.Token);
            while ((await ReceivePartAsync(limit.Token)).MessageType != WebSocketMessageType.Close) { }
        }
        // The source has gone, or sends on and on: nothing more is owed to it.
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            socket.Abort();
        }
    }

    private async Task<ValueWebSocketReceiveResult> ReceivePartAsync(CancellationToken stop)
    {
        _receiving ??= socket.ReceiveAsync(_buffer.AsMemory(), CancellationToken.None).AsTask();
        var received = await _receiving.WaitAsync(stop);
        _receiving = null;
        return received;
    }
}
