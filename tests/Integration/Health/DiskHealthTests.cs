using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.Api.Health;

namespace Veza.Integration.Tests.Health;

public class DiskHealthTests
{
    private const long Plenty = DiskHealth.FreeBytesLow;

    [Theory]
    [InlineData(Plenty, Plenty, HealthStatus.Healthy, null)]
    [InlineData(DiskHealth.FreeBytesLow - 1, Plenty, HealthStatus.Degraded, "data: 1023 MB are free; at least 1024 are wanted")]
    [InlineData(DiskHealth.FreeBytesMin - 1, Plenty, HealthStatus.Unhealthy, "data: 127 MB are free; at least 128 are wanted")]
    [InlineData(Plenty, 0L, HealthStatus.Degraded, "media: 0 MB are free; at least 128 are wanted")]
    [InlineData(0L, 0L, HealthStatus.Unhealthy, "data: 0 MB are free; at least 128 are wanted; media: 0 MB are free; at least 128 are wanted")]
    [InlineData(Plenty, null, HealthStatus.Degraded, "media: the free space is not known")]
    public async Task What_is_free_decides(long ofData, long? ofMedia, HealthStatus status, string? said)
    {
        var health = new DiskHealth(new("/home", "/media"), folder => folder == "/media" ? ofMedia : ofData);
        var answer = await health.CheckHealthAsync(new(), TestContext.Current.CancellationToken);
        Assert.Equal((status, said), (answer.Status, answer.Description));
    }

    [Fact]
    public async Task What_is_kept_elsewhere_is_not_looked_at() =>
        Assert.Equal(HealthStatus.Healthy, (await new DiskHealth(new(null, null), _ => 0).CheckHealthAsync(new(), TestContext.Current.CancellationToken)).Status);

    [Fact]
    public async Task A_folder_that_is_there_has_its_space_known()
    {
        var answer = await new DiskHealth(new(null, Path.GetTempPath())).CheckHealthAsync(new(), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("not known", answer.Description ?? "", StringComparison.Ordinal);
    }
}
