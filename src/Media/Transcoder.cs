using System.Globalization;

namespace Veza.Media;

/// <summary>Makes the copies that are streamed from an original. Safe from any thread.</summary>
public sealed class Transcoder(TimeProvider time, TimeSpan? timeLimitMin = null)
{
    /// <summary>For the shortest files. Longer ones may take <see cref="SlownessMax"/> of their length more.</summary>
    public static readonly TimeSpan TimeLimitMinDefault = TimeSpan.FromMinutes(2);

    /// <summary>A free core makes a copy in a fiftieth of its length; a tenth leaves room for a busy machine.</summary>
    internal const double SlownessMax = 0.1;

    /// <summary>
    /// Opus and MP3 keep their bit rate on average; a file half as large again is not an encoding of this sound.
    /// </summary>
    private const double BitRateExcessMax = 1.5;

    /// <summary>Headers, tags and a last page.</summary>
    private const long OverheadBytesMax = 1 << 20;

    /// <summary>While ffmpeg works on a file, it writes many times a second.</summary>
    private static readonly TimeSpan PartialsStaleAfter = TimeSpan.FromMinutes(10);

    /// <param name="destination">Appears whole or not at all, and replaces an existing file.</param>
    /// <param name="progress">
    /// Called with the finished part, 0 to 1, rising; about twice a second, on a thread of the pool.
    /// </param>
    public async Task<TranscodeResult> MakeAsync(
        string source,
        AudioFacts facts,
        TranscodeTarget rendition,
        string destination,
        Action<double>? progress,
        CancellationToken cancellation
    )
    {
        var result = await TryMakeAsync(source, facts, rendition, destination, progress, cancellation);
        var format = new KeyValuePair<string, object?>("format", rendition.Format);
        MediaMetrics.Transcodes.Add(1, format, new("outcome", result is TranscodeFailed failed ? failed.Code : "made"));
        if (result is Transcoded made)
            MediaMetrics.TranscodedBytes.Add(made.Bytes, format);
        return result;
    }

    private async Task<TranscodeResult> TryMakeAsync(
        string source,
        AudioFacts facts,
        TranscodeTarget rendition,
        string destination,
        Action<double>? progress,
        CancellationToken cancellation
    )
    {
        var longest = SoundBounds.DurationMax.TotalSeconds;
        // A log may hold older tracks that exceed the bound.
        if (facts.DurationMs > SoundBounds.DurationMax.TotalMilliseconds)
            return new TranscodeFailed(
                TranscodeCodes.OverLimit,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The sound lasts {facts.DurationMs / 1000.0:N0} s; copies of at most {longest:N0} s are made."
                )
            );
        SweepPartials(destination);
        // A unique name: ffmpeg of an earlier attempt, or of a node that lost its lease on the work, may still be
        // writing.
        var partial = $"{destination}.{Path.GetRandomFileName()}{MediaStore.PartialSuffix}";
        var limits = LimitsOf(facts, rendition);
        var reportedMs = 0L;
        try
        {
            var run = await ExternalTool.RunAsync(
                "ffmpeg",
                Arguments(source, facts, rendition, partial),
                limits,
                time,
                Report,
                cancellation
            );
            if (run.End == ToolEnd.TimedOut)
                return Failed(
                    TranscodeCodes.Timeout,
                    string.Create(CultureInfo.InvariantCulture, $" took more than {limits.Wall.TotalSeconds:N0} s.")
                );
            if (run.End == ToolEnd.OverLimit)
                return Failed(TranscodeCodes.OverLimit, $" took more than its limit of {run.Limit}.");
            if (!run.Succeeded)
                return Failed(TranscodeCodes.Failed, $" failed: {run.FirstError}");
            // The track and its folder can be deleted while its copy is made.
            if (!File.Exists(partial))
                return Failed(TranscodeCodes.Failed, " failed: its place has gone");
            var bytes = new FileInfo(partial).Length;
            File.Move(partial, destination, overwrite: true);
            progress?.Invoke(1);
            return new Transcoded(bytes);
        }
        finally
        {
            if (File.Exists(partial))
                File.Delete(partial);
        }

        TranscodeFailed Failed(string code, string how) => new(code, $"Making the {rendition.Format} copy{how}");

        void Report(string line)
        {
            var doneUs = 0L;
            AudioProbe.ReadProgress(line, ref doneUs);
            var doneMs = Math.Min(doneUs / 1000, facts.DurationMs);
            if (doneMs <= reportedMs)
                return;
            reportedMs = doneMs;
            progress?.Invoke((double)doneMs / facts.DurationMs);
        }
    }

    private ToolLimits LimitsOf(AudioFacts facts, TranscodeTarget rendition)
    {
        var wall = (timeLimitMin ?? TimeLimitMinDefault) + TimeSpan.FromMilliseconds(facts.DurationMs * SlownessMax);
        return new(wall, Cpu: wall, FileBytes: CopyBytesMax(facts.DurationMs, rendition));
    }

    /// <returns>The maximum size of a copy of so much sound.</returns>
    public static long CopyBytesMax(long durationMs, TranscodeTarget rendition) =>
        (long)(durationMs * (rendition.BitRateKbps / 8.0) * BitRateExcessMax) + OverheadBytesMax;

    /// <summary>Removes the remains of killed processes. Younger files may belong to a running one.</summary>
    private void SweepPartials(string destination)
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Path.GetFullPath(destination))!);
        if (!folder.Exists)
            return;
        var before = time.GetUtcNow().UtcDateTime - PartialsStaleAfter;
        foreach (var left in folder.EnumerateFiles($"{Path.GetFileName(destination)}.*{MediaStore.PartialSuffix}"))
            if (left.LastWriteTimeUtc < before)
                left.Delete();
    }

    private static IEnumerable<string> Arguments(
        string source,
        AudioFacts facts,
        TranscodeTarget rendition,
        string partial
    )
    {
        // The duration measured at upload, plus one second: no copy is longer than its original.
        var seconds = string.Create(CultureInfo.InvariantCulture, $"{facts.DurationMs / 1000.0 + 1:0.000}");
        string[] input =
        [
            "-nostdin",
            "-y",
            .. ExternalTool.InputBounds,
            "-i",
            ExternalTool.FileUrl(source),
            "-map",
            "0:a:0",
            "-t",
            seconds,
            "-progress",
            "pipe:1",
        ];
        string[] channels = facts.Channels > 2 ? ["-ac", "2"] : [];
        string[] codec = rendition.Format switch
        {
            TrackFile.Opus => ["-c:a", "libopus", "-f", "ogg"],
            TrackFile.Mp3 => ["-c:a", "libmp3lame", "-f", "mp3"],
            _ => throw new ArgumentOutOfRangeException(
                nameof(rendition),
                rendition.Format,
                "only Opus and MP3 copies are made"
            ),
        };
        return
        [
            .. input,
            .. channels,
            .. codec,
            "-b:a",
            string.Create(CultureInfo.InvariantCulture, $"{rendition.BitRateKbps}k"),
            ExternalTool.FileUrl(partial),
        ];
    }
}
