namespace Veza.Media;

/// <summary>The result of a probe: <see cref="AudioFacts"/> or <see cref="AudioRejected"/>.</summary>
public abstract record ProbeResult;

/// <param name="DurationMs">
/// Of the decoded sound, without encoder delay and padding where the file declares them.
/// </param>
/// <param name="Codec">
/// As ffmpeg names it: <c>pcm_s16le</c>, <c>flac</c>, <c>alac</c>, <c>mp3</c>, <c>aac</c>, <c>vorbis</c>, <c>opus</c>.
/// </param>
/// <param name="Container">
/// <c>wav</c>, <c>aiff</c>, <c>flac</c>, <c>mp4</c>, <c>mp3</c>, <c>aac</c> (ADTS) or <c>ogg</c>.
/// </param>
/// <param name="BitRateKbps">
/// Average over the whole file; it includes pictures and tags when the codec does not declare a rate.
/// </param>
public sealed record AudioFacts(
    long DurationMs,
    string Codec,
    string Container,
    int SampleRateHz,
    int Channels,
    int BitRateKbps,
    string? Title,
    string? Artist,
    string? Album
) : ProbeResult;

/// <param name="Code">Stable; one of <see cref="ProbeCodes"/>.</param>
/// <param name="Detail">For the person who sent the file.</param>
public sealed record AudioRejected(string Code, string Detail) : ProbeResult;

public static class ProbeCodes
{
    public const string NotAudio = "not_audio";
    public const string HasVideo = "has_video";
    public const string TruncatedAudio = "truncated_audio";
    public const string UnsupportedCodec = "unsupported_codec";
    public const string TagsTooLarge = "tags_too_large";
    public const string ProbeTimeout = "probe_timeout";
    public const string TooLong = "too_long";
    public const string TooComplex = "too_complex";
    public const string SoundOutOfBounds = "sound_out_of_bounds";
}
