using System.Buffers;

namespace Veza.Media.Formats;

/// <summary>
/// Cuts Ogg (Opus or Vorbis) into pages. Header pages are not frames; they accompany every later page.
/// </summary>
/// <remarks>
/// Follows one logical stream: of several that begin together the last with sound, and each new one replaces the one
/// before (RFC 3533 calls that chaining). Drops pages of other streams, such as pictures or skeletons.
/// </remarks>
public sealed class OggFramer : IFramer
{
    /// <summary>
    /// Vorbis's code books are some 5 KB; a cover picture in the comments can be large, and goes to every listener.
    /// </summary>
    public const int HeaderBytesMax = 256 * 1024;

    private readonly SlidingBuffer _buffer = new(OggPage.BytesMax);
    private ArrayBufferWriter<byte>? _collecting;
    private StreamHeaders? _headers;
    private int _headerPacketsLeft;
    private uint? _serial;
    private uint _lastNumber;
    private ulong _lastGranule;
    private bool _ended;

    public string? Fault { get; private set; }

    /// <summary>Bytes of a page that has begun and not ended.</summary>
    internal int PendingBytes => _buffer.Unread.StartsWith(OggPage.Mark) ? _buffer.Unread.Length : 0;

    public void Write(ReadOnlySpan<byte> bytes, List<SoundFrame> frames)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_buffer.Append(bytes)..];
            while (TakePage(frames)) { }
        }
    }

    public void Finish(List<SoundFrame> frames)
    {
        if (_headers is null || _ended)
            return;
        _ended = true;
        frames.Add(
            new SoundFrame(OggPage.End(_serial!.Value, _lastNumber + 1, _lastGranule), isJoinPoint: false, _headers)
        );
    }

    /// <returns>Whether another call may find more.</returns>
    private bool TakePage(List<SoundFrame> frames)
    {
        var at = _buffer.Unread.IndexOf(OggPage.Mark);
        if (at < 0)
        {
            // The mark itself may be cut in two.
            _buffer.Skip(Math.Max(0, _buffer.Unread.Length - (OggPage.Mark.Length - 1)));
            return false;
        }
        _buffer.Skip(at);
        switch (OggPage.TryRead(_buffer.Unread, out var page, out var skip))
        {
            case OggPageRead.NeedsMore:
                return false;
            case OggPageRead.Complete:
                Take(page, frames);
                _buffer.Skip(page.Bytes.Length);
                return true;
            default:
                _buffer.Skip(skip);
                return true;
        }
    }

    private void Take(OggPage page, List<SoundFrame> frames)
    {
        if (page.IsFirst)
            Begin(page);
        else if (page.Serial != _serial)
            return;
        else if (_headers is null)
            Collect(page);
        else
            TakeSound(page, frames);
    }

    private void Begin(OggPage page)
    {
        var packets = HeaderPackets(page.Body);
        if (packets == 0)
        {
            if (_serial is null)
                Fault = "the Ogg stream is neither Opus nor Vorbis";
            return;
        }
        _serial = page.Serial;
        _headers = null;
        _collecting = new();
        _headerPacketsLeft = packets;
        _ended = false;
        Fault = null;
        Collect(page);
    }

    private void Collect(OggPage page)
    {
        if (_collecting!.WrittenCount + page.Bytes.Length > HeaderBytesMax)
        {
            (_serial, _collecting) = (null, null);
            Fault = $"the Ogg headers, comments and pictures included, are more than {HeaderBytesMax:N0} bytes";
            return;
        }
        _collecting.Write(page.Bytes);
        _headerPacketsLeft -= page.PacketsEnded;
        if (_headerPacketsLeft > 0)
            return;
        _headers = new StreamHeaders(_collecting.WrittenSpan.ToArray());
        _collecting = null;
        _lastNumber = page.Number;
        _lastGranule = page.Granule;
    }

    private void TakeSound(OggPage page, List<SoundFrame> frames)
    {
        if (_ended)
            return;
        _ended = page.IsLast;
        _lastNumber = page.Number;
        // All ones: no packet ends on the page, so it has no time.
        if (page.Granule != ulong.MaxValue)
            _lastGranule = page.Granule;
        frames.Add(
            new SoundFrame(page.Bytes.ToArray(), isJoinPoint: !page.IsContinued && page.Segments.Length > 0, _headers!)
        );
    }

    private static int HeaderPackets(ReadOnlySpan<byte> body) =>
        body.StartsWith("OpusHead"u8) ? 2
        : body.StartsWith("\x01vorbis"u8) ? 3
        : 0;
}
