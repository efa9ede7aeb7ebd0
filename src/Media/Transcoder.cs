using System.Globalization;

namespace Veza.Media;

/// <param name="Format">Also the file's name in <see cref="MediaStore"/>.</param>
public sealed record Rendition(TrackFile Format, int BitRateKbps)
{
    public static readonly Rendition Opus = new(TrackFile.Opus, 128);
    public static readonly Rendition Mp3 = new(TrackFile.Mp3, 192);
}

/// <summary>How a transcode went: <see cref="Transcoded"/> or <see cref="TranscodeFailed"/>.</summary>
public abstract record TranscodeResult;

public sealed record Transcoded(long Bytes) : TranscodeResult;

/// <param name="Code"><c>transcode_failed</c> or <c>transcode_timeout</c>.</param>
public sealed record TranscodeFailed(string Code, string Detail) : TranscodeResult;

/// <summary>Makes the copies that are streamed from an original.</summary>
public sealed class Transcoder(TimeProvider time, TimeSpan? timeLimitMin = null)
{
    /// <summary>For the shortest files. Longer ones may take as long as they sound: slower than that is stuck.</summary>
    public static readonly TimeSpan TimeLimitMinDefault = TimeSpan.FromMinutes(2);

    private const string PartialSuffix = ".partial";

    /// <summary>A file that ffmpeg works on is written to many times a second.</summary>
    private static readonly TimeSpan PartialsKept = TimeSpan.FromMinutes(10);

    /// <param name="destination">Appears whole or not at all, replacing what was there.</param>
    /// <param name="progress">Is told the part done, 0 to 1, rising; about twice a second, on a thread of the pool.</param>
    public async Task<TranscodeResult> MakeAsync(
        string source, AudioFacts facts, Rendition rendition, string destination, Action<double>? progress, CancellationToken cancellation)
    {
        var result = await TryMakeAsync(source, facts, rendition, destination, progress, cancellation);
        var format = new KeyValuePair<string, object?>("format", rendition.Format);
        MediaMetrics.Transcodes.Add(1, format, new("outcome", result is TranscodeFailed failed ? failed.Code : "made"));
        if (result is Transcoded made) MediaMetrics.TranscodedBytes.Add(made.Bytes, format);
        return result;
    }

    private async Task<TranscodeResult> TryMakeAsync(
        string source, AudioFacts facts, Rendition rendition, string destination, Action<double>? progress, CancellationToken cancellation)
    {
        SweepPartials(destination);
        // A name of its own: an ffmpeg of an earlier attempt, or of a node that lost its hold on the work, may still be writing.
        var partial = $"{destination}.{Path.GetRandomFileName()}{PartialSuffix}";
        var limit = TimeSpan.FromMilliseconds(Math.Max((timeLimitMin ?? TimeLimitMinDefault).TotalMilliseconds, facts.DurationMs));
        var toldMs = 0L;
        try
        {
            var run = await ExternalTool.RunAsync("ffmpeg", Arguments(source, facts, rendition, partial), limit, time, Tell, cancellation);
            if (run.End == ToolEnd.TimedOut) return new TranscodeFailed("transcode_timeout", $"Making the {rendition.Format} copy took more than {limit.TotalSeconds:N0} s.");
            if (!run.Succeeded) return new TranscodeFailed("transcode_failed", $"Making the {rendition.Format} copy failed: {run.FirstError}");
            // The track can be deleted, folder and all, while its copy is made.
            if (!File.Exists(partial)) return new TranscodeFailed("transcode_failed", $"Making the {rendition.Format} copy failed: its place has gone");
            var bytes = new FileInfo(partial).Length;
            File.Move(partial, destination, overwrite: true);
            progress?.Invoke(1);
            return new Transcoded(bytes);
        }
        finally
        {
            if (File.Exists(partial)) File.Delete(partial);
        }

        void Tell(string line)
        {
            var doneUs = 0L;
            AudioProbe.ReadProgress(line, ref doneUs);
            var doneMs = Math.Min(doneUs / 1000, facts.DurationMs);
            if (doneMs <= toldMs) return;
            toldMs = doneMs;
            progress?.Invoke((double)doneMs / facts.DurationMs);
        }
    }

    /// <summary>What a process that was killed left behind. Younger ones may be somebody's who is still at work.</summary>
    private void SweepPartials(string destination)
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Path.GetFullPath(destination))!);
        if (!folder.Exists) return;
        var before = time.GetUtcNow().UtcDateTime - PartialsKept;
        foreach (var left in folder.EnumerateFiles($"{Path.GetFileName(destination)}.*{PartialSuffix}"))
            if (left.LastWriteTimeUtc < before) left.Delete();
    }

    private static IEnumerable<string> Arguments(string source, AudioFacts facts, Rendition rendition, string partial)
    {
        string[] input =
        [
            "-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file", "-format_whitelist", AudioProbe.Formats,
            "-i", ExternalTool.FileUrl(source), "-map", "0:a:0", "-progress", "pipe:1",
        ];
        string[] channels = facts.Channels > 2 ? ["-ac", "2"] : [];
        string[] codec = rendition.Format switch
        {
            TrackFile.Opus => ["-c:a", "libopus", "-f", "ogg"],
            TrackFile.Mp3 => ["-c:a", "libmp3lame", "-f", "mp3"],
            _ => throw new ArgumentOutOfRangeException(nameof(rendition), rendition.Format, "only Opus and MP3 copies are made"),
        };
        return [.. input, .. channels, .. codec, "-b:a", string.Create(CultureInfo.InvariantCulture, $"{rendition.BitRateKbps}k"), ExternalTool.FileUrl(partial)];
    }
}
