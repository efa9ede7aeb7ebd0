using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace Veza.Bench.Load;

/// <summary>
/// A raw WebSocket with SignalR's JSON protocol: it shakes hands, subscribes, and finds the marks in received messages.
/// </summary>
internal sealed class LivePeer : Peer
{
    /// <summary>Marks a message's number in its text.</summary>
    private static ReadOnlySpan<byte> Mark => "@bench:"u8;

    private readonly Action<LivePeer, int> _received;
    private readonly string? _invocation;
    private bool _upgraded;

    /// <param name="invocation">The invocation after the handshake, without the separator; null for none.</param>
    /// <param name="received">Called with the number of each marked message.</param>
    /// <param name="path">The path with its query, to which the token is added.</param>
    public LivePeer(
        int port,
        string path,
        string token,
        string? invocation,
        Action<LivePeer, int> received,
        int receiveBufferBytes = 0
    )
        : base(port, receiveBufferBytes)
    {
        _received = received;
        _invocation = invocation;
        Send(
            Encoding.ASCII.GetBytes(
                $"GET {path}{(path.Contains('?') ? '&' : '?')}access_token={token} HTTP/1.1\r\nHost: bench\r\n"
                    + "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
        );
        Greeting = """{"protocol":"json","version":1}""" + '\u001e' + (invocation is null ? "" : invocation + '\u001e');
    }

    private string Greeting { get; }

    /// <summary>Whether the handshake is done and, with a subscription, the first batch received.</summary>
    public bool IsLive { get; private set; }

    public long Items { get; private set; }

    /// <summary>Called with each batch; null when its position does not matter.</summary>
    public Action<System.Text.Json.JsonElement>? Batch { get; set; }

    /// <summary>
    /// Called when the server refuses the invocation for now, so that the peer can retry as clients do. Null treats
    /// that as an error.
    /// </summary>
    public Action? NotNow { get; set; }

    public static string Subscribe(string topic) =>
        $$"""{"type":4,"invocationId":"1","target":"Subscribe","arguments":[["{{topic}}"],null]}""";

    /// <summary>Repeats the refused invocation.</summary>
    public void InvokeAgain() => SendText(_invocation + '\u001e');

    public void Ping() => SendText("{\"type\":6}\u001e");

    protected override int TakeWhole(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        if (!_upgraded)
        {
            if (bytes.IndexOf("\r\n\r\n"u8) is not (var end and >= 0))
                return 0;
            if (!bytes.StartsWith("HTTP/1.1 101"u8))
                throw new InvalidOperationException($"the hub answered {Encoding.UTF8.GetString(bytes)}");
            taken = end + 4;
            _upgraded = true;
            SendText(Greeting);
        }
        while (Frame(bytes[taken..]) is var (head, length) && bytes.Length >= taken + head + length)
        {
            TakeFrame(bytes.Slice(taken + head, length));
            taken += head + length;
        }
        return taken;
    }

    private void TakeFrame(ReadOnlySpan<byte> payload)
    {
        if (
            !IsLive
            && (payload.IndexOf("\"items\":["u8) >= 0 || !Greeting.Contains("\"target\"", StringComparison.Ordinal))
        )
            IsLive = true;
        if (Batch is not null && payload.IndexOf("\"kind\":\"batch\""u8) >= 0)
            foreach (var record in Encoding.UTF8.GetString(payload).Split('\u001e'))
                if (record.Contains("\"kind\":\"batch\"", StringComparison.Ordinal))
                    Batch(System.Text.Json.JsonDocument.Parse(record).RootElement.GetProperty("item"));
        if (payload.IndexOf("\"error\""u8) >= 0)
        {
            if (
                NotNow is not null
                && (
                    payload.IndexOf("HubException: not_there_yet"u8) >= 0
                    || payload.IndexOf("HubException: database_unavailable"u8) >= 0
                )
            )
                NotNow();
            else
                throw new InvalidOperationException(Encoding.UTF8.GetString(payload));
        }
        while (payload.IndexOf(Mark) is var at and >= 0)
        {
            payload = payload[(at + Mark.Length)..];
            Utf8Parser.TryParse(payload, out int number, out _);
            Items++;
            _received(this, number);
        }
    }

    /// <returns>The bytes of a frame's head and of its payload; null while they are not known.</returns>
    private static (int Head, int Payload)? Frame(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2)
            return null;
        return (bytes[1] & 0x7F) switch
        {
            126 => bytes.Length < 4 ? null : (4, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            127 => bytes.Length < 10 ? null : (10, (int)BinaryPrimitives.ReadUInt64BigEndian(bytes[2..])),
            var small => (2, small),
        };
    }

    private void SendText(string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        // Masked with zeros: a client must mask, with any mask.
        Span<byte> frame = stackalloc byte[8 + payload.Length];
        frame[0] = 0x81;
        var head = 6;
        if (payload.Length < 126)
            frame[1] = (byte)(0x80 | payload.Length);
        else
        {
            frame[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)payload.Length);
            head = 8;
        }
        frame[(head - 4)..head].Clear();
        payload.CopyTo(frame[head..]);
        Send(frame[..(head + payload.Length)]);
    }
}
