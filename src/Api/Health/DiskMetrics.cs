using System.Diagnostics.Metrics;
using Veza.EventStore.Database;

namespace Veza.Api.Health;

/// <summary>Metrics of the disks that <see cref="DiskHealth"/> checks.</summary>
internal static class DiskMetrics
{
    private static readonly Meter Meter = new("Veza.Api.Disks");

    public static void Observe(Disks disks)
    {
        Gauge("veza.disk.free", disk => disk.FreeBytes, "Bytes free for new data, by volume: data or media.");
        Gauge("veza.disk.size", disk => disk.TotalBytes, "Bytes of the file system, by volume: data or media.");

        void Gauge(string name, Func<DiskState, long?> value, string description) =>
            Meter.CreateObservableGauge(name, () => Each(disks, value), "By", description);
    }

    private static IEnumerable<Measurement<long>> Each(Disks disks, Func<DiskState, long?> value)
    {
        if (disks.Data is { } data && value(data.State) is { } ofData)
            yield return new(ofData, new KeyValuePair<string, object?>("volume", "data"));
        if (disks.Media is { } media && value(media.State) is { } ofMedia)
            yield return new(ofMedia, new KeyValuePair<string, object?>("volume", "media"));
    }
}
