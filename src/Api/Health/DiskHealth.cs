using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.EventStore.Database;

namespace Veza.Api.Health;

/// <summary>The disks that writes and uploads check.</summary>
/// <param name="Data">Of the private PostgreSQL; null when the server is elsewhere.</param>
/// <param name="Media">Of MEDIA_ROOT.</param>
internal sealed record Disks(DiskSpace? Data, DiskSpace? Media);

/// <summary>Checks the free space of the private PostgreSQL and of the audio.</summary>
/// <remarks>
/// Degraded at worst without room for audio, because the node still does everything else. Unhealthy when it refuses
/// writes, since PostgreSQL would stop on a full disk.
/// </remarks>
internal sealed class DiskHealth(Disks disks) : IHealthCheck
{
    /// <summary>
    /// Below this many times the reserve, the check warns the operator: some hours of a busy log, time to make room.
    /// </summary>
    public const int LowFactor = 4;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        var (data, ofData) = Judge("data", disks.Data?.State, HealthStatus.Unhealthy);
        var (media, ofMedia) = Judge("media", disks.Media?.State, HealthStatus.Degraded);
        var said = string.Join("; ", new[] { ofData, ofMedia }.OfType<string>());
        // The worse of two is the lesser.
        return Task.FromResult(new HealthCheckResult(data < media ? data : media, said.Length == 0 ? null : said));
    }

    private static (HealthStatus, string?) Judge(string name, DiskState? disk, HealthStatus worst)
    {
        if (disk is null)
            return (HealthStatus.Healthy, null);
        // Without the path: this page is public.
        if (disk.FreeBytes is not { } free)
            return (HealthStatus.Degraded, $"{name}: the free space is not known");
        if (disk.IsFull)
            return (worst, Say(disk.Limits.FreeBytesAgain));
        var low = LowFactor * disk.Limits.FreeBytesMin;
        return free < low ? (HealthStatus.Degraded, Say(low)) : (HealthStatus.Healthy, null);

        string Say(long wanted) => $"{name}: {free >> 20} MB are free; at least {wanted >> 20} are wanted";
    }
}
