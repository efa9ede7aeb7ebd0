namespace Veza.Media.Formats;

/// <summary>
/// Cuts MPEG audio into runs of whole frames. A frame is 26 ms; waking every listener and writing to every socket for
/// each would be most of the work.
/// </summary>
/// <remarks>
/// A decoder can join at every run. A frame may refer to bits of earlier ones; decoders skip the first few in silence.
/// </remarks>
public sealed class Mp3Framer : IFramer
{
    /// <summary>About a second at 128 kbit/s, which is fine enough for joining and for skipping.</summary>
    public const int RunBytesMax = 16 * 1024;

    /// <summary>
    /// About an eighth of a second at 128 kbit/s: little beside a player's buffer, and a fifth of the wake-ups.
    /// </summary>
    public const int RunBytesMin = 2 * 1024;

    private const int Id3HeaderBytes = 10;

    private readonly SlidingBuffer _buffer = new(2 * RunBytesMax);
    private MpegHeader? _stream;
    private long _tagBytesLeft;

    public string? Fault => null;

    internal long FramesSeen { get; private set; }

    /// <summary>Bytes of a frame that has begun and not ended.</summary>
    internal int PendingFrameBytes =>
        _stream is { } stream && MpegHeader.TryRead(_buffer.Unread, out var header) && header.IsSameStreamAs(stream)
            ? _buffer.Unread.Length
            : 0;

    public void Write(ReadOnlySpan<byte> bytes, List<SoundFrame> frames)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_buffer.Append(bytes)..];
            while (TakeRun(frames)) { }
        }
    }

    public void Finish(List<SoundFrame> frames)
    {
        while (TakeRun(frames, isLast: true)) { }
    }

    /// <returns>Whether another call may find more.</returns>
    private bool TakeRun(List<SoundFrame> frames, bool isLast = false)
    {
        if (_tagBytesLeft > 0)
            return SkipTag();

        var unread = _buffer.Unread;
        var (run, count) = (0, 0);
        while (WholeFrame(unread[run..]) is > 0 and var length && run + length <= RunBytesMax)
        {
            run += length;
            count++;
        }
        if (run is > 0 and < RunBytesMin && !isLast && MayBecomeSomething(unread[run..]))
            return false;
        if (run > 0)
        {
            FramesSeen += count;
            frames.Add(new SoundFrame(unread[..run].ToArray(), isJoinPoint: true, StreamHeaders.None));
            _buffer.Skip(run);
            return true;
        }
        return !MayBecomeSomething(unread) && Resync(unread);
    }

    /// <returns>The length of the frame at the beginning; 0 when there is none or only part of it.</returns>
    private int WholeFrame(ReadOnlySpan<byte> bytes)
    {
        if (!MpegHeader.TryRead(bytes, out var header))
            return 0;
        if (_stream is { } stream)
            return header.IsSameStreamAs(stream) && bytes.Length >= header.LengthBytes ? header.LengthBytes : 0;

        // Two bytes of garbage easily look like a header; two headers at the right distance do not.
        if (bytes.Length < header.LengthBytes + MpegHeader.Bytes)
            return 0;
        if (!MpegHeader.TryRead(bytes[header.LengthBytes..], out var next) || !next.IsSameStreamAs(header))
            return 0;
        _stream = header;
        return header.LengthBytes;
    }

    private bool MayBecomeSomething(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return true;
        if (bytes[0] == 'I')
            return bytes.Length < Id3HeaderBytes && "ID3"u8.StartsWith(bytes[..Math.Min(3, bytes.Length)]);
        if (bytes[0] != 0xFF)
            return false;
        if (bytes.Length < MpegHeader.Bytes)
            return true;
        if (!MpegHeader.TryRead(bytes, out var header))
            return false;
        return _stream is { } stream
            ? header.IsSameStreamAs(stream) && bytes.Length < header.LengthBytes
            : bytes.Length < header.LengthBytes + MpegHeader.Bytes;
    }

    private bool Resync(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("ID3"u8) && bytes.Length >= Id3HeaderBytes)
        {
            // The length is in four bytes of seven bits; a footer as long as the header may follow.
            var size = (bytes[6] & 0x7F) << 21 | (bytes[7] & 0x7F) << 14 | (bytes[8] & 0x7F) << 7 | (bytes[9] & 0x7F);
            _tagBytesLeft = Id3HeaderBytes + size + ((bytes[5] & 0x10) != 0 ? Id3HeaderBytes : 0);
            return true;
        }
        if (_stream is not null)
        {
            // The source may have changed its sample rate here: read the same place as a new stream.
            _stream = null;
            return true;
        }
        var next = bytes[1..].IndexOfAny((byte)0xFF, (byte)'I');
        _buffer.Skip(next < 0 ? bytes.Length : next + 1);
        return true;
    }

    private bool SkipTag()
    {
        var skipped = (int)Math.Min(_tagBytesLeft, _buffer.Unread.Length);
        _buffer.Skip(skipped);
        _tagBytesLeft -= skipped;
        return _tagBytesLeft == 0;
    }
}
