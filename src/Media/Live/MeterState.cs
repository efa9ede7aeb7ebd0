namespace Veza.Media.Live;

/// <summary>State of a broadcast's meter.</summary>
public enum MeterState
{
    /// <summary>No sound was decoded yet.</summary>
    Waiting,

    Metered,

    /// <summary>Ogg Vorbis: its packets are not decoded in the process.</summary>
    OtherCodec,

    /// <summary>Opus with more than two channels, or another mapping than mono and stereo.</summary>
    ChannelMapping,
}
