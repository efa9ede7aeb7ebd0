using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.Api.Health;
using Veza.EventStore.Database;

namespace Veza.Integration.Tests.Health;

public class DiskHealthTests
{
    private const long Total = 100L << 30;
    private static readonly DiskLimits Limits = DiskLimits.Of(Total);
    private static readonly long Plenty = DiskHealth.LowFactor * Limits.FreeBytesMin;

    public static TheoryData<long, long?, HealthStatus, string?> Cases =>
        new()
        {
            { Plenty, Plenty, HealthStatus.Healthy, null },
            { Plenty - 1, Plenty, HealthStatus.Degraded, "data: 1023 MB are free; at least 1024 are wanted" },
            { Limits.FreeBytesMin, Plenty, HealthStatus.Degraded, "data: 256 MB are free; at least 1024 are wanted" },
            {
                Limits.FreeBytesMin - 1,
                Plenty,
                HealthStatus.Unhealthy,
                "data: 255 MB are free; at least 384 are wanted"
            },
            { Plenty, 0L, HealthStatus.Degraded, "media: 0 MB are free; at least 384 are wanted" },
            {
                0L,
                0L,
                HealthStatus.Unhealthy,
                "data: 0 MB are free; at least 384 are wanted; media: 0 MB are free; at least 384 are wanted"
            },
            { Plenty, null, HealthStatus.Degraded, "media: the free space is unknown" },
        };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Free_space_decides_as_it_does_for_writes(
        long ofData,
        long? ofMedia,
        HealthStatus status,
        string? said
    )
    {
        var data = Disk(ofData);
        var answer = await CheckAsync(new(data, Disk(ofMedia)));
        Assert.Equal((status, said), (answer.Status, answer.Description));
        Assert.Equal(data.IsFull, answer.Status == HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task Storage_elsewhere_is_not_checked() =>
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(new(null, null))).Status);

    [Fact]
    public async Task A_folder_that_is_there_has_its_space_known()
    {
        var answer = await CheckAsync(new(null, new(Path.GetTempPath(), TimeProvider.System)));
        Assert.DoesNotContain("not known", answer.Description ?? "", StringComparison.Ordinal);
    }

    private static DiskSpace Disk(long? free) =>
        new(() => free is { } bytes ? (bytes, Total) : throw new IOException("it is not mounted"), TimeProvider.System);

    private static Task<HealthCheckResult> CheckAsync(Disks disks) =>
        new DiskHealth(disks).CheckHealthAsync(new(), TestContext.Current.CancellationToken);
}
