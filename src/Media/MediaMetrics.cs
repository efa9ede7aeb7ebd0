using System.Diagnostics.Metrics;

namespace Veza.Media;

/// <summary>Metrics of media files: uploads, transcodes and the programs that make them.</summary>
public static class MediaMetrics
{
    public static readonly Meter Meter = new("Veza.Media");

    internal static readonly UpDownCounter<int> ToolsRunning = Meter.CreateUpDownCounter<int>(
        "veza.media.tools.running",
        "{process}",
        "Processes of ffmpeg and ffprobe at work, by program."
    );
    internal static readonly Histogram<double> ToolSeconds = Meter.CreateHistogram<double>(
        "veza.media.tool.duration",
        "s",
        "Runs of ffmpeg and ffprobe, by program and end: exited, timed_out, too_much_output, over_limit or cancelled."
    );
    internal static readonly Counter<long> Transcodes = Meter.CreateCounter<long>(
        "veza.media.transcodes",
        "{copy}",
        "Copies made, by format and outcome: made, transcode_failed, transcode_timeout or transcode_over_limit."
    );
    internal static readonly Counter<long> TranscodedBytes = Meter.CreateCounter<long>(
        "veza.media.transcoded",
        "By",
        "Bytes of copies made, by format."
    );
    internal static readonly Counter<long> StagedBytes = Meter.CreateCounter<long>(
        "veza.media.uploaded",
        "By",
        "Bytes of uploads that were received whole."
    );
}
