using System.Diagnostics.Metrics;

namespace Veza.Media;

/// <summary>What the sound says of itself on /metrics.</summary>
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

    internal static readonly Counter<long> MeteredPackets = Meter.CreateCounter<long>(
        "veza.broadcasts.metered",
        "{packet}",
        "Opus packets that the level meters of broadcasts met, by outcome: decoded, failed or skipped."
    );

    internal static void ObserveMounts(Func<IReadOnlyList<Live.Mount>> all)
    {
        Meter.CreateObservableGauge(
            "veza.broadcasts.mounts",
            () => all().Count,
            "{broadcast}",
            "Broadcasts this node has the sound of, interrupted ones included."
        );
        Meter.CreateObservableGauge(
            "veza.broadcasts.listeners",
            () => all().Sum(m => m.Listeners),
            "{listener}",
            "Listeners of this node's broadcasts."
        );
        Meter.CreateObservableGauge(
            "veza.broadcasts.cuts",
            () => all().Sum(m => m.Cuts),
            "{cut}",
            "Times a slow listener of a broadcast now on this node was cut forward."
        );
    }
}
