using System.Buffers;
using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

internal enum BodyState
{
    Open,
    Finished,
    Malformed,
    MountGone,
}

/// <summary>
/// Writes a source's body to its mount, unchanged or decoded from the chunks of RFC 9112, section 7.1.
/// </summary>
internal sealed class SourceBody(MountSource source, bool isChunked)
{
    /// <summary>For one size line with its extensions, and for all trailers. Veza uses neither.</summary>
    private const int LineBytesMax = 1024;

    private enum Expecting
    {
        Size,
        Extension,
        Content,
        EndOfChunk,
        Trailer,
    }

    private Expecting _expecting = Expecting.Size;
    private long _chunkBytesLeft;
    private int _sizeDigits;
    private int _lineBytes;
    private bool _trailerLineHasText;

    public BodyState Write(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            var state = isChunked ? WriteChunked(segment.Span) : Pass(segment.Span);
            if (state != BodyState.Open)
                return state;
        }
        return BodyState.Open;
    }

    private BodyState Pass(ReadOnlySpan<byte> sound) => source.Write(sound) ? BodyState.Open : BodyState.MountGone;

    private BodyState WriteChunked(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_expecting == Expecting.Content)
            {
                var length = (int)Math.Min(_chunkBytesLeft, bytes.Length);
                if (Pass(bytes[..length]) is not BodyState.Open and var gone)
                    return gone;
                bytes = bytes[length..];
                _chunkBytesLeft -= length;
                if (_chunkBytesLeft == 0)
                    Expect(Expecting.EndOfChunk);
                continue;
            }
            if (++_lineBytes > LineBytesMax)
                return BodyState.Malformed;
            if (Take(bytes[0]) is not BodyState.Open and var state)
                return state;
            bytes = bytes[1..];
        }
        return BodyState.Open;
    }

    private BodyState Take(byte b)
    {
        switch (_expecting)
        {
            case Expecting.Size when char.IsAsciiHexDigit((char)b):
                // Eight digits are 4 GiB; more could overflow.
                if (++_sizeDigits > 8)
                    return BodyState.Malformed;
                _chunkBytesLeft = _chunkBytesLeft * 16 + Convert.ToInt32(((char)b).ToString(), 16);
                return BodyState.Open;
            case Expecting.Size or Expecting.Extension when b == '\n':
                if (_sizeDigits == 0)
                    return BodyState.Malformed;
                Expect(_chunkBytesLeft == 0 ? Expecting.Trailer : Expecting.Content);
                return BodyState.Open;
            case Expecting.Size when b is (byte)';' or (byte)' ' or (byte)'\t':
                _expecting = Expecting.Extension;
                return BodyState.Open;
            case Expecting.EndOfChunk when b == '\n':
                Expect(Expecting.Size);
                return BodyState.Open;
            case Expecting.Trailer when b == '\n':
                if (!_trailerLineHasText)
                    return BodyState.Finished;
                _trailerLineHasText = false;
                return BodyState.Open;
            case Expecting.Trailer:
                _trailerLineHasText |= b != '\r';
                return BodyState.Open;
            case Expecting.Extension:
                return BodyState.Open;
            default:
                return b == '\r' ? BodyState.Open : BodyState.Malformed;
        }
    }

    private void Expect(Expecting next)
    {
        _expecting = next;
        _lineBytes = 0;
        if (next == Expecting.Size)
            (_sizeDigits, _chunkBytesLeft) = (0, 0);
    }
}
