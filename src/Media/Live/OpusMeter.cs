using System.Buffers;
using Concentus;
using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>Decodes one Opus broadcast in real time, and measures its level.</summary>
/// <remarks>
/// Reads the mount's own frames by their numbers and holds none. Decoding costs 0.3 to 0.5 % of a core. A packet that
/// cannot be decoded is counted and skipped; so is sound older than <see cref="LagMax"/>. For one thread at a time.
/// </remarks>
public sealed class OpusMeter
{
    /// <summary>A page of ffmpeg's holds a second by default; sound that has waited for two is skipped.</summary>
    public static readonly TimeSpan LagMax = TimeSpan.FromSeconds(2);

    /// <summary>Sound decoded in one call, however late it comes: the rest catches up, or is skipped.</summary>
    public static readonly TimeSpan SoundPerGoMax = TimeSpan.FromMilliseconds(400);

    /// <summary>Pages and packets read in one call: twice the packets of 2.5 ms, each on its own page.</summary>
    private const int StepsPerGoMax = 640;

    /// <summary>120 ms, the longest that a packet may be (RFC 6716, section 2.1.4).</summary>
    private const int PacketFramesMax = LevelMeter.SampleRateHz * 120 / 1000;

    /// <summary>2.5 ms, the shortest that a packet may be. A failed packet counts as that.</summary>
    private const int FailedFrames = LevelMeter.SampleRateHz / 400;

    private static readonly KeyValuePair<string, object?> Decoded = new("outcome", "decoded");
    private static readonly KeyValuePair<string, object?> Failed = new("outcome", "failed");
    private static readonly KeyValuePair<string, object?> Skipped = new("outcome", "skipped");

    private readonly FrameRing _ring;
    private readonly OpusPackets _packets = new();
    private readonly Ear?[] _ears = new Ear?[2];
    private StreamHeaders? _headers;
    private Ear? _ear;
    private long _next;
    private int _framesDue;
    private bool _heard;

    static OpusMeter()
    {
        // Otherwise it would load the machine's libopus, where hostile bytes could crash the process instead of
        // throwing an exception.
        OpusCodecFactory.AttemptToUseNativeLibrary = false;
    }

    private OpusMeter(Mount mount)
    {
        _ring = mount.Ring;
        _next = _ring.NewestJoinPoint();
    }

    /// <summary>Changes when the source begins another stream.</summary>
    public MeterState State { get; private set; }

    /// <summary>Whether a broadcast can be Opus.</summary>
    public static bool CanMeter(Mount mount) => mount.Format == BroadcastFormat.Ogg;

    /// <returns>Null for a broadcast that cannot be Opus.</returns>
    public static OpusMeter? Of(Mount mount) => CanMeter(mount) ? new(mount) : null;

    /// <summary>Decodes as much sound as has played in the elapsed time.</summary>
    /// <param name="elapsed">Since the last call.</param>
    public void Hear(TimeSpan elapsed)
    {
        var due = elapsed < SoundPerGoMax ? elapsed : SoundPerGoMax;
        _framesDue = Math.Min(_framesDue + FramesOf(due), FramesOf(SoundPerGoMax));
        var pcm = ArrayPool<float>.Shared.Rent(PacketFramesMax * 2);
        try
        {
            for (var step = 0; _framesDue > 0 && step < StepsPerGoMax; step++)
            {
                if (_packets.TryTake(out var packet))
                    _framesDue -= Decode(packet, pcm);
                else if (NextFrame() is { } frame)
                    Open(frame);
                // Missing sound is not made up for later: a player would have been silent.
                else
                    _framesDue = 0;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(pcm);
        }
    }

    /// <returns>Null when no sound was decoded since the reading before.</returns>
    public SoundLevel? Take()
    {
        if (!_heard || _ear is null)
            return null;
        _heard = false;
        return _ear.Meter.Take();
    }

    private static int FramesOf(TimeSpan sound) => (int)(sound.TotalSeconds * LevelMeter.SampleRateHz);

    private SoundFrame? NextFrame()
    {
        if (_ring.Head < _next)
            return null;
        var frame = _ring.Find(_next);
        if (frame is null || _ring.IsOlder(frame, LagMax))
        {
            SkipToNewest();
            frame = _ring.Find(_next);
        }
        if (frame is not null)
            _next++;
        return frame;
    }

    private void SkipToNewest()
    {
        var newest = _ring.NewestJoinPoint();
        var skipped = 0;
        for (var at = Math.Max(_next, newest - FrameRing.FramesMax); at < newest; at++)
            if (_ring.Find(at) is { } frame)
                skipped += OggPage.OfWhole(frame.Bytes.Span).PacketsEnded;
        BroadcastMetrics.MeteredPackets.Add(skipped, Skipped);
        // When no later page is a join point, the due one is late but intact.
        _next = Math.Max(_next, newest);
        _packets.Forget();
    }

    private void Open(SoundFrame frame)
    {
        if (!ReferenceEquals(frame.Headers, _headers))
            Begin(frame.Headers);
        if (_ear is not null)
            _packets.Open(frame.Bytes);
    }

    private void Begin(StreamHeaders headers)
    {
        _headers = headers;
        _packets.Forget();
        _ear = null;
        if (OpusHead.Read(headers) is not { } head)
            State = MeterState.OtherCodec;
        else if (!head.IsPlain)
            State = MeterState.ChannelMapping;
        else
        {
            State = MeterState.Metered;
            // Kept for the next stream: a source may begin one with every page.
            _ear = _ears[head.Channels - 1] ??= new(head.Channels);
            _ear.Begin(head.GainQ8);
        }
    }

    /// <returns>The number of frames that it counts as.</returns>
    private int Decode(ReadOnlySpan<byte> packet, float[] pcm)
    {
        if (_ear!.Decode(packet, pcm) is not { } frames)
        {
            BroadcastMetrics.MeteredPackets.Add(1, Failed);
            return FailedFrames;
        }
        BroadcastMetrics.MeteredPackets.Add(1, Decoded);
        _heard = true;
        return frames;
    }

    /// <summary>A decoder and its level meter, for one number of channels.</summary>
    private sealed class Ear(int channels)
    {
        private readonly IOpusDecoder _decoder = OpusCodecFactory.CreateDecoder(LevelMeter.SampleRateHz, channels);

        public LevelMeter Meter { get; } = new(channels);

        public void Begin(int gainQ8)
        {
            _decoder.ResetState();
            _decoder.Gain = gainQ8;
            Meter.Reset();
        }

        /// <returns>The number of decoded frames; null when the packet cannot be decoded.</returns>
        public int? Decode(ReadOnlySpan<byte> packet, float[] pcm)
        {
            // The decoder takes an empty packet for a lost one, and would conceal it.
            if (packet.IsEmpty)
                return null;
            try
            {
                var frames = _decoder.Decode(packet, pcm, PacketFramesMax);
                Meter.Add(pcm.AsSpan(0, frames * Meter.Channels));
                return frames;
            }
            // The bytes come from a stranger and may cause any exception; the next packet may be good.
            catch (Exception)
            {
                _decoder.ResetState();
                return null;
            }
        }
    }
}
