namespace Veza.Media.Live;

/// <summary>
/// What a decoder must be given before the frames of one logical stream. Compared by reference: another instance is
/// another stream.
/// </summary>
public sealed class StreamHeaders(ReadOnlyMemory<byte> bytes)
{
    /// <summary>For formats whose every frame stands alone.</summary>
    public static readonly StreamHeaders None = new(default);

    public ReadOnlyMemory<byte> Bytes { get; } = bytes;
}

/// <summary>
/// A piece of the stream that is only ever sent whole: an Ogg page, or a run of MPEG frames. Shared by all listeners
/// and never changed.
/// </summary>
/// <param name="isJoinPoint">A decoder that has the headers can begin here.</param>
public sealed class LiveFrame(ReadOnlyMemory<byte> bytes, bool isJoinPoint, StreamHeaders headers)
{
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;
    public bool IsJoinPoint { get; } = isJoinPoint;
    public StreamHeaders Headers { get; } = headers;

    /// <summary>
    /// 1, 2, 3 … within its mount. A reader of the ring tells by it whether a slot still holds what it came for.
    /// </summary>
    internal long Sequence { get; private set; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> at publication.</summary>
    internal long PublishedAt { get; private set; }

    internal void Number(long sequence, long publishedAt) => (Sequence, PublishedAt) = (sequence, publishedAt);
}

/// <summary>Cuts a byte stream, arriving in pieces of any size and possibly with garbage in it, into frames.</summary>
public interface IFramer
{
    void Write(ReadOnlySpan<byte> bytes, List<LiveFrame> frames);

    /// <summary>The source has gone: adds what closes its stream properly. An incomplete frame is forgotten.</summary>
    void Finish(List<LiveFrame> frames);

    /// <summary>Why nothing can come of this stream, or null.</summary>
    string? Fault { get; }
}
