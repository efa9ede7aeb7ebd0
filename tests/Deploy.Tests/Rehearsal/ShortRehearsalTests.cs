using System.Globalization;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>
/// A release changes while people write and follow, on loopback: the short form of <c>./veza rehearse</c>.
/// </summary>
public sealed class ShortRehearsalTests
{
    private const string Broken = "export PORT=none";

    [Fact]
    public async Task Releases_change_and_go_back_without_a_failed_request_or_a_missed_item()
    {
        await using var hosts = await LoopbackHosts.StartAsync();
        await hosts.MakeReleaseAsync("1.0.0");
        await hosts.MakeReleaseAsync("1.1.0");
        await hosts.MakeReleaseAsync("1.2.0", Broken);
        (await hosts.RunAsync("deploy.sh", "1.0.0", "--strategy", "blue-green")).Succeeded();
        await using var traffic = await Traffic.StartAsync(hosts.Address, rooms: 4, subscribers: 20, perSecond: 50);

        (await hosts.RunAsync("deploy.sh", "v1.1.0", "--strategy", "rolling")).Succeeded();
        Assert.Contains("1.1.0 in green; before it: 1.0.0", (await hosts.RunAsync("health-check.sh")).Succeeded());

        var bad = await hosts.RunAsync("deploy.sh", "1.2.0", "--strategy", "canary");
        Assert.Equal(1, bad.Code);
        Assert.Contains("1.2.0 ended while it started", bad.Errors);
        Assert.Contains("PORT", bad.Errors);
        Assert.Contains("1.1.0 in green", (await hosts.RunAsync("health-check.sh")).Succeeded());

        (await hosts.RunAsync("rollback.sh", "1.0.0")).Succeeded();
        Assert.Contains("1.0.0 in blue; before it: 1.1.0", (await hosts.RunAsync("health-check.sh")).Succeeded());

        var report = await traffic.StopAsync();
        TestContext.Current.SendDiagnosticMessage(
            string.Create(CultureInfo.InvariantCulture, $"{report}, {traffic.Resumed} resumed")
        );
        Assert.True(report is { Failed: 0, Missed: 0, Repeated: 0 }, $"{report}\n{string.Join('\n', report.Failures)}");
        Assert.True(report.Items > 0 && traffic.Resumed >= 20, $"{report.Items} items, {traffic.Resumed} resumed");
        Assert.Equal(["deployed", "deployed", "rolled back", "deployed"], Outcomes(hosts.Log));
    }

    private static IEnumerable<string> Outcomes(string log) =>
        log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[^1].Split(':')[0]);
}
