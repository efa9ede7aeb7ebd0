using System.Buffers;
using Concentus;
using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>Whether a broadcast's level is known.</summary>
public enum MeterState
{
    /// <summary>Nothing was heard yet.</summary>
    Waiting,

    Metered,

    /// <summary>Ogg Vorbis: its packets are not decoded in the process.</summary>
    OtherCodec,

    /// <summary>Opus in more channels than two, or mapped otherwise than mono and stereo are.</summary>
    ChannelMapping,
}

/// <summary>Listens to one Opus broadcast at the speed it sounds, and measures it.</summary>
/// <remarks>
/// Reads the mount's own frames by their numbers and holds none. Decoding costs 0.3 to 0.5 % of a core. A packet that
/// cannot be decoded is counted and passed over; so is what lies behind by more than <see cref="LagMax"/>. For one
/// thread at a time.
/// </remarks>
public sealed class OpusMeter
{
    /// <summary>A page of ffmpeg's holds a second by default; what has waited for two is skipped.</summary>
    public static readonly TimeSpan LagMax = TimeSpan.FromSeconds(2);

    /// <summary>Sound decoded in one go, however late it is asked for: the rest catches up, or is skipped.</summary>
    public static readonly TimeSpan SoundPerGoMax = TimeSpan.FromMilliseconds(400);

    /// <summary>Pages and packets looked at in one go: twice the packets of 2.5 ms, each on its own page.</summary>
    private const int StepsPerGoMax = 640;

    /// <summary>120 ms, the longest that a packet may be (RFC 6716, section 2.1.4).</summary>
    private const int PacketFramesMax = LevelMeter.SampleRateHz * 120 / 1000;

    /// <summary>2.5 ms, the shortest that a packet may be. One that fails counts as that.</summary>
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
        // Otherwise it would look for a libopus of the machine, whose fault on a stranger's bytes is no exception.
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

    /// <summary>Decodes as much of what has come as sounds in a time.</summary>
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
                // What is not here yet is not owed later: a player would have been silent.
                else
                    _framesDue = 0;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(pcm);
        }
    }

    /// <returns>Null when nothing was heard since the reading before.</returns>
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
        // Where no later page can be begun with, the one that was due is late but sound.
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
            // Kept for the next one: a source may begin a stream with every page.
            _ear = _ears[head.Channels - 1] ??= new(head.Channels);
            _ear.Begin(head.GainQ8);
        }
    }

    /// <returns>The frames that it counts as.</returns>
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

    /// <summary>A decoder and what it feeds, for one number of channels.</summary>
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

        /// <returns>How many frames it was; null when it cannot be decoded.</returns>
        public int? Decode(ReadOnlySpan<byte> packet, float[] pcm)
        {
            // To the decoder an empty packet is a lost one, which it would make up for.
            if (packet.IsEmpty)
                return null;
            try
            {
                var frames = _decoder.Decode(packet, pcm, PacketFramesMax);
                Meter.Add(pcm.AsSpan(0, frames * Meter.Channels));
                return frames;
            }
            // Whatever it finds wrong with bytes of a stranger's choice, the next packet may be sound.
            catch (Exception)
            {
                _decoder.ResetState();
                return null;
            }
        }
    }
}
