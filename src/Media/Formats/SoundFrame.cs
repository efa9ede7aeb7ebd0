namespace Veza.Media.Formats;

/// <summary>
/// A piece of a stream that is always sent whole: an Ogg page, or a run of MPEG frames. All listeners share it, and it
/// never changes after publication.
/// </summary>
/// <param name="isJoinPoint">A decoder that has the headers can begin here.</param>
public sealed class SoundFrame(ReadOnlyMemory<byte> bytes, bool isJoinPoint, StreamHeaders headers)
{
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;
    public bool IsJoinPoint { get; } = isJoinPoint;
    public StreamHeaders Headers { get; } = headers;

    /// <summary>
    /// 1, 2, 3 … within its mount. A reader of the ring compares it to see whether a slot still holds the frame it
    /// expects.
    /// </summary>
    internal long Sequence { get; private set; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> at publication.</summary>
    internal long PublishedAt { get; private set; }

    internal void Number(long sequence, long publishedAt)
    {
        Sequence = sequence;
        PublishedAt = publishedAt;
    }
}
