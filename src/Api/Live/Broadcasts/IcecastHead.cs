using System.Buffers;
using System.Text;

namespace Veza.Api.Live.Broadcasts;

internal enum HeadVerdict
{
    Undecided,
    SomethingElse,
    Source,
    TooLarge,
}

/// <summary>The request line and headers of a possible source.</summary>
internal sealed record IcecastHead(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    private static ReadOnlySpan<byte> PutLive => "PUT /live/"u8;
    private static ReadOnlySpan<byte> SourceLive => "SOURCE /live/"u8;

    public bool IsChunked => Header("transfer-encoding").Contains("chunked", StringComparison.OrdinalIgnoreCase);
    public bool ExpectsContinue => Header("expect").Contains("100-continue", StringComparison.OrdinalIgnoreCase);
    public bool IsPut => Method == "PUT";
    public bool HasLength => Headers.ContainsKey("content-length");

    /// <summary>Whether an HTTP proxy sent it.</summary>
    public bool IsForwarded => Headers.ContainsKey("x-forwarded-for");

    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>Inspects the first bytes of a connection without consuming them.</summary>
    /// <param name="end">The end of the head, when it is a source's.</param>
    public static HeadVerdict Read(
        ReadOnlySequence<byte> bytes,
        int bytesMax,
        out IcecastHead? head,
        out SequencePosition end
    )
    {
        (head, end) = (null, bytes.Start);
        var verdict = Begins(bytes);
        if (verdict != HeadVerdict.Source)
            return verdict;

        var reader = new SequenceReader<byte>(bytes);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> text, "\r\n\r\n"u8))
            return bytes.Length > bytesMax ? HeadVerdict.TooLarge : HeadVerdict.Undecided;
        if (text.Length > bytesMax)
            return HeadVerdict.TooLarge;
        head = Parse(Encoding.Latin1.GetString(text));
        end = reader.Position;
        // A body of known length is an ordinary request, which Kestrel reads.
        return head is null || (head.IsPut && head.HasLength) ? HeadVerdict.SomethingElse : HeadVerdict.Source;
    }

    /// <summary>The user and password of <c>Authorization: Basic</c>, or null.</summary>
    public (string User, string Password)? Credentials()
    {
        const string Scheme = "Basic ";
        var header = Header("authorization");
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var encoded = header[Scheme.Length..].Trim();
        var decoded = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, decoded, out var length))
            return null;
        var pair = Encoding.UTF8.GetString(decoded, 0, length);
        var colon = pair.IndexOf(':');
        return colon >= 0 ? (pair[..colon], pair[(colon + 1)..]) : null;
    }

    /// <returns>The broadcast that the path names, <c>/live/{id}</c>, or null.</returns>
    public Guid? BroadcastId()
    {
        var path = Path.Split('?')[0];
        return
            path.StartsWith("/live/", StringComparison.Ordinal)
            && Guid.TryParse(path["/live/".Length..].TrimEnd('/'), out var id)
            ? id
            : null;
    }

    private static HeadVerdict Begins(ReadOnlySequence<byte> bytes)
    {
        Span<byte> first = stackalloc byte[SourceLive.Length];
        var length = (int)Math.Min(bytes.Length, first.Length);
        bytes.Slice(0, length).CopyTo(first);
        first = first[..length];
        if (first.StartsWith(PutLive) || first.StartsWith(SourceLive))
            return HeadVerdict.Source;
        return PutLive.StartsWith(first) || SourceLive.StartsWith(first)
            ? HeadVerdict.Undecided
            : HeadVerdict.SomethingElse;
    }

    private static IcecastHead? Parse(string text)
    {
        var lines = text.Split("\r\n");
        var request = lines[0].Split(' ');
        if (request.Length != 3)
            return null;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.AsSpan(1))
        {
            if (line.IndexOf(':') is > 0 and var colon)
                headers[line[..colon].Trim().ToLowerInvariant()] = line[(colon + 1)..].Trim();
        }
        return new IcecastHead(request[0], request[1], headers);
    }
}
