using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace Veza.Bench.Load;

/// <summary>A persistent HTTP/1.1 connection with pipelining: requests may follow before the answers arrive.</summary>
/// <param name="answered">Called with the request's due time, its status, and the body.</param>
internal sealed class HttpPeer(int port, HttpPeer.Answered answered) : Peer(port)
{
    internal delegate void Answered(HttpPeer peer, long due, int status, ReadOnlySpan<byte> body);

    private readonly Queue<long> _due = new();

    public int Waiting => _due.Count;

    /// <param name="due">A <see cref="Stopwatch"/> timestamp from which the answer's latency counts.</param>
    public void Ask(ReadOnlySpan<byte> request, long due)
    {
        _due.Enqueue(due);
        Send(request);
    }

    public static byte[] Request(string method, string path, string token, string? json = null) =>
        Encoding.UTF8.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
                + (
                    json is null
                        ? "Content-Length: 0\r\n\r\n"
                        : "Content-Type: application/json\r\n"
                            + $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}"
                )
        );

    protected override int TakeWhole(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (bytes[taken..].IndexOf("\r\n\r\n"u8) is var headEnd and >= 0)
        {
            var head = bytes.Slice(taken, headEnd + 2);
            var bodyAt = taken + headEnd + 4;
            if (BodyBytes(head, bytes[bodyAt..]) is not { } length || bytes.Length < bodyAt + length)
                break;
            Utf8Parser.TryParse(head[9..], out int status, out _);
            taken = bodyAt + length;
            answered(this, _due.Dequeue(), status, bytes.Slice(bodyAt, length));
        }
        return taken;
    }

    /// <returns>Null while a chunked body is incomplete.</returns>
    private static int? BodyBytes(ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        if (head.IndexOf("\r\nContent-Length: "u8) is var at and >= 0)
        {
            Utf8Parser.TryParse(head[(at + 18)..], out int length, out _);
            return length;
        }
        if (head.IndexOf("\r\nTransfer-Encoding: chunked"u8) < 0)
            return 0;
        if (rest.StartsWith("0\r\n\r\n"u8))
            return 5;
        var end = rest.IndexOf("\r\n0\r\n\r\n"u8);
        return end >= 0 ? end + 7 : null;
    }
}
