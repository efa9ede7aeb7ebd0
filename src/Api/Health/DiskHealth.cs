using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <param name="Home">VEZA_HOME when the private PostgreSQL is in it, otherwise null.</param>
/// <param name="Media">MEDIA_ROOT, or null when the audio is elsewhere.</param>
internal sealed record DiskFolders(string? Home, string? Media);

/// <summary>The disks of the private PostgreSQL and of the audio have room.</summary>
/// <remarks>
/// Without room for audio a node still does everything else, so that is degraded at worst; PostgreSQL stops on a full
/// disk, so a node that has nearly none left says unhealthy before.
/// </remarks>
internal sealed class DiskHealth(DiskFolders folders, Func<string, long?> freeBytesOf) : IHealthCheck
{
    /// <summary>Some hours of a busy log: time for an operator to make room.</summary>
    public const long FreeBytesLow = 1L << 30;

    /// <summary>Less than a partition of the log with its write-ahead log may take at once.</summary>
    public const long FreeBytesMin = 128L << 20;

    private const string PostgresFolder = "postgres", PostgresElsewhere = "/var/lib/veza";

    [ActivatorUtilitiesConstructor]
    public DiskHealth(DiskFolders folders) : this(folders, FreeBytes) { }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        var dataFolder = folders.Home is null ? null : DataFolder(folders.Home);
        var (data, ofData) = State("data", dataFolder, HealthStatus.Unhealthy);
        var (media, ofMedia) = State("media", folders.Media, HealthStatus.Degraded);
        var said = string.Join("; ", new[] { ofData, ofMedia }.OfType<string>());
        // The worse of two is the lesser.
        return Task.FromResult(new HealthCheckResult(data < media ? data : media, said.Length == 0 ? null : said));
    }

    private (HealthStatus, string?) State(string name, string? folder, HealthStatus worst)
    {
        if (folder is null) return (HealthStatus.Healthy, null);
        // Without the path: anybody may read this.
        if (freeBytesOf(folder) is not { } free) return (HealthStatus.Degraded, $"{name}: the free space is not known");
        if (free >= FreeBytesLow) return (HealthStatus.Healthy, null);
        var wanted = free >= FreeBytesMin ? FreeBytesLow : FreeBytesMin;
        return (
            free >= FreeBytesMin ? HealthStatus.Degraded : worst,
            $"{name}: {free >> 20} MB are free; at least {wanted >> 20} are wanted");
    }

    /// <summary>
    /// Where the private PostgreSQL keeps its data, which is not below VEZA_HOME when its user may not enter that.
    /// </summary>
    private static string DataFolder(string home) =>
        Path.Combine(home, PostgresFolder) is var inside && Directory.Exists(inside) ? inside
        : Directory.Exists(PostgresElsewhere) ? PostgresElsewhere
        : home;

    private static long? FreeBytes(string folder)
    {
        try { return new DriveInfo(folder).AvailableFreeSpace; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }
}
