using System.Text;

namespace Veza.Media.Formats;

/// <summary>
/// Extracts the Opus sound from WebM, as browsers record it, and repacks its packets unchanged into pages of Ogg.
/// </summary>
/// <remarks>
/// Reads clusters and segments of unknown size, simple blocks and block groups. Takes one track, mono or stereo; a new
/// EBML head begins another logical stream. Anything else is a <see cref="Fault"/>, and later bytes are ignored: the
/// connection brings bytes in order, so what cannot be read was not a recording. Blocks' times are not used: a gap in
/// the recording is not heard.
/// </remarks>
/// <param name="serial">Of the first logical stream; each further one has the next.</param>
public sealed class WebMFramer(uint serial) : IFramer
{
    /// <summary>The longest Opus packet behind at most eight bytes of track, two of time and one of flags.</summary>
    public const int BlockBytesMax = OpusPacket.BytesMax + 11;

    /// <summary>A codec's name, or its settings: 19 bytes for Opus in mono and stereo.</summary>
    public const int DescriptionBytesMax = 1024;

    /// <summary>
    /// An element without sound, such as tags or an index. Recorders write some hundred bytes of them.
    /// </summary>
    public const int SkippedBytesMax = 1024 * 1024;

    private const int AudioType = 2;
    private const int CodecNameMax = 32;
    private const int LacingFlags = 0x06;
    private const string NoWebM = "the stream does not begin as WebM";

    private readonly SlidingBuffer _buffer = new(EbmlHead.BytesMax + BlockBytesMax);
    private long _skipBytesLeft;
    private bool _hasBegun;
    private uint _serial = serial;
    private Track? _track;
    private OggPacker? _pages;
    private StreamHeaders _headers = StreamHeaders.None;

    public string? Fault { get; private set; }

    /// <summary>Bytes of an element that has begun and not ended.</summary>
    internal int PendingBytes => _buffer.Unread.Length;

    public void Write(ReadOnlySpan<byte> bytes, List<SoundFrame> frames)
    {
        while (!bytes.IsEmpty && Fault is null)
        {
            bytes = bytes[_buffer.Append(bytes)..];
            while (Fault is null && TakeElement(frames)) { }
        }
    }

    public void Finish(List<SoundFrame> frames)
    {
        if (_pages is null)
            return;
        frames.Add(new SoundFrame(_pages.Take(OggPageFlags.Last), isJoinPoint: false, _headers));
        _pages = null;
    }

    /// <returns>Whether another call may find more.</returns>
    private bool TakeElement(List<SoundFrame> frames)
    {
        if (_skipBytesLeft > 0)
            return Skip();
        switch (EbmlHead.TryRead(_buffer.Unread, out var head))
        {
            case EbmlRead.NeedsMore:
                return false;
            case EbmlRead.Invalid:
                return Refuse(_hasBegun ? "the WebM has bytes between its elements" : NoWebM);
        }
        if (!_hasBegun && head.Id != WebMElements.Ebml)
            return Refuse(NoWebM);
        _hasBegun = true;
        if (WebMElements.IsOpened(head.Id))
        {
            _buffer.Skip(head.Bytes);
            Open(head.Id, frames);
            return true;
        }
        return TakeContent(head, frames);
    }

    private bool TakeContent(EbmlHead head, List<SoundFrame> frames)
    {
        var bytesMax = WebMElements.ContentBytesMax(head.Id);
        if (head.ContentBytes is not { } length)
            return Refuse($"element {head.Id:X} of the WebM has no size");
        if (length > (bytesMax ?? SkippedBytesMax))
        {
            var taken = bytesMax ?? SkippedBytesMax;
            return Refuse($"element {head.Id:X} of the WebM is {length:N0} bytes; at most {taken:N0} are taken");
        }
        if (head.Id is WebMElements.ContentEncodings or WebMElements.EncryptedBlock)
            return Refuse("the WebM is encrypted or compressed once more; only plain Opus is taken");
        if (bytesMax is null)
        {
            _buffer.Skip(head.Bytes);
            _skipBytesLeft = length;
            return true;
        }
        var whole = head.Bytes + (int)length;
        if (_buffer.Unread.Length < whole)
            return false;
        Take(head.Id, _buffer.Unread[head.Bytes..whole], frames);
        _buffer.Skip(whole);
        return true;
    }

    private bool Skip()
    {
        var skipped = (int)Math.Min(_skipBytesLeft, _buffer.Unread.Length);
        _buffer.Skip(skipped);
        _skipBytesLeft -= skipped;
        return _skipBytesLeft == 0;
    }

    private void Open(uint id, List<SoundFrame> frames)
    {
        switch (id)
        {
            case WebMElements.Ebml:
                Finish(frames);
                _track = null;
                break;
            case WebMElements.TrackEntry when _track is not null:
                Refuse("the WebM has several tracks; only one, of sound, is taken");
                break;
            case WebMElements.TrackEntry:
                _track = new();
                break;
            case WebMElements.Cluster when _pages is null:
                Begin();
                break;
        }
    }

    private void Take(uint id, ReadOnlySpan<byte> content, List<SoundFrame> frames)
    {
        switch (id)
        {
            case WebMElements.DocType when !content.SequenceEqual("webm"u8) && !content.SequenceEqual("matroska"u8):
                Refuse("the stream is EBML, but not WebM");
                break;
            case WebMElements.TrackType when EbmlHead.Number(content) != AudioType:
                Refuse("the WebM has a track that is not sound; only sound is taken");
                break;
            case WebMElements.TrackNumber:
                _track?.Number = EbmlHead.Number(content);
                break;
            case WebMElements.CodecId:
                _track?.Codec = NameOf(content);
                break;
            case WebMElements.CodecPrivate:
                _track?.Head = content.ToArray();
                break;
            case WebMElements.SimpleBlock or WebMElements.Block:
                TakeBlock(content, frames);
                break;
        }
    }

    private void Begin()
    {
        if (_track is not { } track)
        {
            Refuse("the WebM has sound before its track");
            return;
        }
        if (track.Codec != "A_OPUS")
        {
            Refuse($"the WebM's codec is \"{track.Codec}\"; only A_OPUS is taken");
            return;
        }
        if (OpusHead.Read(track.Head) is not { } head)
        {
            Refuse("the WebM's track has no valid OpusHead");
            return;
        }
        if (!head.IsPlain)
        {
            Refuse($"the WebM has {head.Channels} channels in mapping {head.MappingFamily}; mono and stereo are taken");
            return;
        }
        _pages = new(_serial++);
        _pages.Add(track.Head, samples: 0);
        var first = _pages.Take(OggPageFlags.First);
        _pages.Add(Comments, samples: 0);
        _headers = new((byte[])[.. first, .. _pages.Take()]);
    }

    private void TakeBlock(ReadOnlySpan<byte> block, List<SoundFrame> frames)
    {
        const int TimeAndFlags = 3;
        var numberBytes = EbmlHead.ReadNumber(block, out var number);
        if (numberBytes == 0 || block.Length < numberBytes + TimeAndFlags)
        {
            Refuse("a block of the WebM ends before its sound");
            return;
        }
        if (_pages is null || number != _track?.Number)
        {
            Refuse("a block of the WebM belongs to no track");
            return;
        }
        var sound = block[(numberBytes + TimeAndFlags)..];
        if ((block[numberBytes + TimeAndFlags - 1] & LacingFlags) != 0)
        {
            Refuse("a block of the WebM holds several packets (lacing); one packet a block is taken");
            return;
        }
        var samples = OpusPacket.Samples(sound);
        // No decoder takes it; the next packet may be good.
        if (samples == 0)
            return;
        if (!_pages.HasRoomFor(sound))
            Emit(_pages, frames);
        _pages.Add(sound, samples);
        if (_pages.IsDue)
            Emit(_pages, frames);
    }

    private void Emit(OggPacker pages, List<SoundFrame> frames) =>
        frames.Add(new SoundFrame(pages.Take(), isJoinPoint: true, _headers));

    /// <returns>False: nothing more is read.</returns>
    private bool Refuse(string reason)
    {
        Fault ??= reason;
        return false;
    }

    /// <summary>It is shown in a message, so it holds nothing but printable ASCII.</summary>
    private static string NameOf(ReadOnlySpan<byte> content) =>
        string.Concat(Encoding.Latin1.GetString(content).Where(c => c is >= ' ' and <= '~').Take(CodecNameMax));

    /// <summary>The comment header: the name of the program, and no comments.</summary>
    private static ReadOnlySpan<byte> Comments => "OpusTags\x04\0\0\0Veza\0\0\0\0"u8;

    private sealed class Track
    {
        public long Number { get; set; }
        public string Codec { get; set; } = "";
        public byte[] Head { get; set; } = [];
    }
}
