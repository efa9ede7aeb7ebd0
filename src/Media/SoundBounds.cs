using System.Globalization;

namespace Veza.Media;

/// <summary>
/// The bounds of accepted sound. A few bytes can declare any of these numbers, and each costs time, memory or disk.
/// </summary>
internal static class SoundBounds
{
    /// <summary>
    /// The longest sets and recordings of nights; twice that would not fit MAX_UPLOAD_SIZE at a usable bit rate.
    /// </summary>
    public static readonly TimeSpan DurationMax = TimeSpan.FromHours(12);

    /// <summary>Telephones.</summary>
    public const int SampleRateHzMin = 8_000;

    /// <summary>The highest any sound card records.</summary>
    public const int SampleRateHzMax = 384_000;

    /// <summary>7.1.</summary>
    public const int ChannelsMax = 8;

    /// <summary>
    /// Samples of four bytes. <see cref="DurationMax"/> of stereo at 48 kHz is 16.6 GB: half of this.
    /// </summary>
    public const long DecodedBytesMax = 32L << 30;

    /// <summary>
    /// Minimum bytes of a file for each second of its sound. Silence in FLAC at 8 kHz takes 27, Opus speech 750.
    /// </summary>
    public const int FileBytesPerSecondMin = 20;

    /// <summary>A file this short need not be dense.</summary>
    private const int DensityFreeBytes = 4 * 1024;

    private const int SampleBytes = 4;

    /// <summary>Checks a header's declaration before anything is decoded.</summary>
    /// <returns>Null when all of it is within bounds.</returns>
    public static AudioRejected? Refuse(int sampleRateHz, int channels)
    {
        if (sampleRateHz is < SampleRateHzMin or > SampleRateHzMax)
            return Reject(
                ProbeCodes.SoundOutOfBounds,
                $"The sound has {sampleRateHz:N0} samples a second; {SampleRateHzMin:N0} to {SampleRateHzMax:N0} are taken."
            );
        return channels <= ChannelsMax
            ? null
            : Reject(
                ProbeCodes.SoundOutOfBounds,
                $"The sound has {channels:N0} channels; at most {ChannelsMax} are taken."
            );
    }

    /// <summary>Checks the length of the sound, declared or decoded, against its format and the file's size.</summary>
    /// <returns>Null when it is within bounds.</returns>
    public static AudioRejected? Refuse(AudioFacts sound, long fileBytes)
    {
        if (sound.DurationMs > DurationMax.TotalMilliseconds)
            return Reject(
                ProbeCodes.TooLong,
                $"The sound lasts {sound.DurationMs / 1000.0:N0} s or more; at most {DurationMax.TotalSeconds:N0} s are taken."
            );
        var seconds = sound.DurationMs / 1000.0;
        var decodedBytes = seconds * sound.SampleRateHz * sound.Channels * SampleBytes;
        if (decodedBytes > DecodedBytesMax)
            return Reject(
                ProbeCodes.TooComplex,
                $"The sound is {decodedBytes:N0} bytes when decoded; at most {DecodedBytesMax:N0} are taken."
            );
        return seconds * FileBytesPerSecondMin <= Math.Max(fileBytes, DensityFreeBytes)
            ? null
            : Reject(
                ProbeCodes.TooComplex,
                $"The file holds {seconds:N0} s of sound in {fileBytes:N0} bytes; a second takes at least {FileBytesPerSecondMin}."
            );
    }

    private static AudioRejected Reject(string code, FormattableString detail) =>
        new(code, detail.ToString(CultureInfo.InvariantCulture));
}
