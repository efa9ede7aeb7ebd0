using System.Globalization;
using System.Runtime.InteropServices;

namespace Veza.Media.Waveforms;

/// <summary>Computes the peaks of an original at two levels of detail. Safe from any thread.</summary>
/// <remarks>
/// ffmpeg decodes to a pipe, and the samples are folded as they come. So a night of sound takes no more memory or disk
/// than a minute. Stretches have a length such that any track has about the same number of points: a page draws a
/// track of any length equally wide.
/// </remarks>
public sealed class WaveformMaker(TimeProvider time, TimeSpan? timeLimitMin = null)
{
    /// <summary>One for each pixel of a waveform that is 900 wide on a dense screen.</summary>
    public const int OverviewPoints = 1_800;

    /// <summary>The fine level is for zooming in: the width of eight screens.</summary>
    public const int FinePerOverview = 8;

    /// <summary>Shorter stretches of a very short sound would draw its wave and not its loudness.</summary>
    public const int SamplesPerPointMin = 8;

    /// <summary>Decoding writes no file.</summary>
    private const long WrittenBytesMax = 0;

    /// <returns>Peaks, or why there are none. No file is written.</returns>
    /// <exception cref="OperationCanceledException">
    /// The caller cancelled; ffmpeg is dead when this is thrown.
    /// </exception>
    public async Task<WaveformResult> MakeAsync(string source, AudioFacts facts, CancellationToken cancellation)
    {
        var result = await TryMakeAsync(source, facts, cancellation);
        MediaMetrics.Transcodes.Add(
            1,
            new("format", "Waveform"),
            new("outcome", result is WaveformsFailed failed ? failed.Code : "made")
        );
        return result;
    }

    private async Task<WaveformResult> TryMakeAsync(string source, AudioFacts facts, CancellationToken cancellation)
    {
        // A log may hold older tracks that exceed the bound.
        if (facts.DurationMs > SoundBounds.DurationMax.TotalMilliseconds)
            return Failed(
                TranscodeCodes.OverLimit,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $" takes at most {SoundBounds.DurationMax.TotalSeconds:N0} s of sound."
                )
            );
        var fold = new PeakFold(facts.SampleRateHz, SamplesPerFinePoint(facts));
        var limits = LimitsOf(facts);
        var run = await ExternalTool.RunForBytesAsync(
            "ffmpeg",
            Arguments(source, facts),
            limits,
            time,
            bytes => fold.Add(MemoryMarshal.Cast<byte, short>(bytes)),
            cancellation
        );
        if (run.End == ToolEnd.TimedOut)
            return Failed(
                TranscodeCodes.Timeout,
                string.Create(CultureInfo.InvariantCulture, $" took more than {limits.Wall.TotalSeconds:N0} s.")
            );
        if (run.End == ToolEnd.OverLimit)
            return Failed(TranscodeCodes.OverLimit, $" took more than its limit of {run.Limit}.");
        var fine = fold.Finish();
        if (!run.Succeeded || fine.Points == 0)
            return Failed(TranscodeCodes.Failed, $" failed: {run.FirstError}");
        return new WaveformsMade(fine.Coarser(FinePerOverview), fine);
    }

    private static WaveformsFailed Failed(string code, string how) => new(code, $"Making the waveform{how}");

    private static int SamplesPerFinePoint(AudioFacts facts)
    {
        var samples = facts.DurationMs / 1000.0 * facts.SampleRateHz;
        return Math.Max(SamplesPerPointMin, (int)Math.Ceiling(samples / (OverviewPoints * FinePerOverview)));
    }

    private ToolLimits LimitsOf(AudioFacts facts)
    {
        var shortest = timeLimitMin ?? Transcoder.TimeLimitMinDefault;
        var wall = shortest + TimeSpan.FromMilliseconds(facts.DurationMs * Transcoder.SlownessMax);
        return new(wall, Cpu: wall, WrittenBytesMax);
    }

    // The rate is the original's, since resampling would smooth the peaks away.
    private static IEnumerable<string> Arguments(string source, AudioFacts facts) =>
        [
            "-nostdin",
            .. ExternalTool.InputBounds,
            "-i",
            ExternalTool.FileUrl(source),
            "-map",
            "0:a:0",
            "-t",
            string.Create(CultureInfo.InvariantCulture, $"{facts.DurationMs / 1000.0 + 1:0.000}"),
            "-ac",
            "1",
            "-ar",
            string.Create(CultureInfo.InvariantCulture, $"{facts.SampleRateHz}"),
            "-f",
            "s16le",
            "pipe:1",
        ];
}
