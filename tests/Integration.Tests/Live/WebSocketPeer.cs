using System.Net;
using System.Net.Sockets;
using System.Text;
using Veza.Realtime;

namespace Veza.Integration.Tests.Live;

/// <summary>A hand-written WebSocket client, which can send invalid frames.</summary>
internal sealed class WebSocketPeer : IDisposable
{
    /// <summary>The handshake of a SignalR client.</summary>
    public const string Handshake = """{"protocol":"json","version":1}""" + "\u001e";

    private static readonly TimeSpan AnswersMax = TimeSpan.FromSeconds(25);

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private NetworkStream Stream => _tcp.GetStream();

    /// <param name="receiveBytes">Size of the kernel's receive buffer; 0 keeps the default.</param>
    public static async Task<WebSocketPeer> OpenAsync(string address, string token, int receiveBytes = 0)
    {
        var uri = new Uri(address);
        var peer = new WebSocketPeer();
        if (receiveBytes > 0)
            peer._tcp.ReceiveBufferSize = receiveBytes;
        await peer._tcp.ConnectAsync(IPAddress.Parse(uri.Host), uri.Port);
        await peer.SendRawAsync(
            Encoding.ASCII.GetBytes(
                $"GET {LiveHub.Path}?access_token={token} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n"
                    + "Upgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
        );
        await peer.ReadUntilAsync("\r\n\r\n");
        return peer;
    }

    /// <summary>The message with which a SignalR client subscribes to a channel's events.</summary>
    public static string Subscribe(Guid channel, int invocation = 1) =>
        $$"""
            {"type":4,"invocationId":"{{invocation}}","target":"Subscribe",
            "arguments":[["channel:{{channel}}"],null]}
            """ + '\u001e';

    public async Task SendRawAsync(byte[] bytes) => await Stream.WriteAsync(bytes);

    public Task SendTextAsync(string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        // RFC 6455, 5.2: a masked text frame; its length takes 7 bits, or 16 after 126, or 64 after 127.
        byte[] head = payload.Length switch
        {
            < 126 => [0x81, (byte)(0x80 | payload.Length)],
            <= ushort.MaxValue => [0x81, 0x80 | 126, .. BigEndian(payload.Length, bytes: 2)],
            _ => [0x81, 0x80 | 127, .. BigEndian(payload.Length, bytes: 8)],
        };
        return SendRawAsync([.. head, 0, 0, 0, 0, .. payload]);
    }

    private static IEnumerable<byte> BigEndian(long value, int bytes) =>
        Enumerable.Range(1, bytes).Select(i => (byte)(value >> (8 * (bytes - i))));

    public async Task<string> ReadUntilAsync(string text)
    {
        var (read, buffer) = (new StringBuilder(), new byte[16 << 10]);
        using var limit = new CancellationTokenSource(AnswersMax);
        for (var looked = 0; ; looked = Math.Max(0, read.Length - text.Length))
        {
            var count = await Stream.ReadAsync(buffer, limit.Token);
            if (count == 0)
                throw new EndOfStreamException($"the server ended after {read}");
            read.Append(Encoding.UTF8.GetString(buffer, 0, count));
            if (read.ToString(looked, read.Length - looked).Contains(text, StringComparison.Ordinal))
                return read.ToString();
        }
    }

    /// <summary>Reads until the server closes the connection or is silent for a while.</summary>
    public async Task<string> EndAsync(TimeSpan max)
    {
        var (read, buffer) = (new StringBuilder(), new byte[16 << 10]);
        using var limit = new CancellationTokenSource(max);
        var otherwise = "ended without a reason";
        try
        {
            while (true)
            {
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
                quiet.CancelAfter(TimeSpan.FromMilliseconds(200));
                var count = await Stream.ReadAsync(buffer, quiet.Token);
                if (count == 0)
                    break;
                read.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (OperationCanceledException)
        {
            otherwise = "still open";
        }
        // TCP drops bytes under way when the server closes a socket with unread input.
        catch (IOException)
        {
            otherwise = "reset";
        }
        var said = read.ToString();
        if (said.LastIndexOf("\"error\":\"", StringComparison.Ordinal) is var at and >= 0)
            return "reason: " + said[(at + 9)..].Split('"', ':')[0];
        // A close frame: 0x88, its length, and the status in two bytes.
        if (said.LastIndexOf('\u0088') is var close and >= 0 && close + 4 <= said.Length)
            return $"closed with status {said[close + 2] << 8 | said[close + 3]}";
        return said.Contains("\"type\":7", StringComparison.Ordinal) ? "reason: the end" : otherwise;
    }

    public void Dispose() => _tcp.Dispose();
}
