using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>Extracts the packets of one Ogg stream from its pages, one at a time.</summary>
/// <remarks>
/// A packet within a page is returned in place; one across pages is assembled, up to
/// <see cref="OpusPacket.BytesMax"/>. A packet that lacks its beginning or is too long comes out empty. For one thread
/// at a time.
/// </remarks>
internal sealed class OpusPackets
{
    private ReadOnlyMemory<byte> _page;
    private int _segment;
    private int _at;
    private byte[]? _begun;
    private int _begunBytes;
    private bool _unusable;

    /// <summary>Continues with the next page; the rest of the one before is dropped.</summary>
    /// <param name="bytes">A page that a framer has cut.</param>
    public void Open(ReadOnlyMemory<byte> bytes)
    {
        var page = OggPage.OfWhole(bytes.Span);
        // A packet whose beginning was on a lost page, or that no page has ended.
        _unusable = page.IsContinued && (_unusable || _begunBytes == 0);
        if (!page.IsContinued)
            _begunBytes = 0;
        _page = bytes;
        _segment = 0;
        _at = 0;
    }

    /// <summary>Pages were skipped: drops any unfinished packet.</summary>
    public void Reset()
    {
        _page = default;
        _begunBytes = 0;
        _unusable = false;
    }

    /// <returns>False when no further packet ends on this page.</returns>
    public bool TryTake(out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (_page.IsEmpty)
            return false;
        var page = OggPage.OfWhole(_page.Span);
        var from = _at;
        while (_segment < page.Segments.Length)
        {
            var length = page.Segments[_segment++];
            _at += length;
            if (length == byte.MaxValue)
                continue;
            packet = End(page.Body[from.._at]);
            return true;
        }
        Begin(page.Body[from.._at]);
        _page = default;
        return false;
    }

    private void Begin(ReadOnlySpan<byte> part)
    {
        if (_unusable || part.IsEmpty)
            return;
        if (_begunBytes + part.Length > OpusPacket.BytesMax)
        {
            _unusable = true;
            return;
        }
        _begun ??= new byte[OpusPacket.BytesMax];
        part.CopyTo(_begun.AsSpan(_begunBytes));
        _begunBytes += part.Length;
    }

    private ReadOnlySpan<byte> End(ReadOnlySpan<byte> rest)
    {
        var begunBytes = _begunBytes;
        if (begunBytes > 0)
            Begin(rest);
        var isUsable = !_unusable && rest.Length <= OpusPacket.BytesMax;
        _begunBytes = 0;
        _unusable = false;
        if (!isUsable)
            return default;
        return begunBytes == 0 ? rest : _begun.AsSpan(0, begunBytes + rest.Length);
    }
}
