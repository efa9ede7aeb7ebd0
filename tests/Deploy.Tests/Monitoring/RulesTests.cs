using System.Text.RegularExpressions;

namespace Veza.Deploy.Tests.Monitoring;

/// <summary>Prometheus's and Alertmanager's own tools check the configuration, and each alert at its bound.</summary>
public sealed partial class RulesTests
{
    private static readonly string Folder = Path.Combine(Shell.Root, "deploy/monitoring");
    private static readonly string Rules = Path.Combine(Folder, "prometheus/rules");

    [GeneratedRegex("""\bveza_[a-z_]+""")]
    private static partial Regex OwnMetric();

    [GeneratedRegex("""- alert: (?<name>\w+)""")]
    private static partial Regex Alert();

    [GeneratedRegex("""runbook_url: https://github.com/veza/veza/blob/main/(?<path>\S+)""")]
    private static partial Regex Runbook();

    public static TheoryData<string> RuleTests =>
        [.. FilesOf("prometheus/tests").Select(file => Path.GetFileName(file))];

    [Fact]
    public async Task Promtool_accepts_the_configuration_and_every_rule()
    {
        var promtool = await Shell.DebianFileAsync("prometheus", "usr/bin/promtool");
        (
            await Shell.RunAsync(promtool, "check", "config", Path.Combine(Folder, "prometheus/prometheus.yml"))
        ).Succeeded();
    }

    [Fact]
    public async Task Promtool_accepts_the_targets_of_compose()
    {
        var promtool = await Shell.DebianFileAsync("prometheus", "usr/bin/promtool");
        var targets = Path.Combine(Shell.Root, "deploy/compose/targets");
        var folder = Directory.CreateTempSubdirectory("veza-prometheus-").FullName;
        try
        {
            (await Shell.RunAsync("cp", "-r", Path.Combine(Folder, "prometheus/."), folder)).Succeeded();
            Assert.Equal(
                Directory.EnumerateFiles(Path.Combine(folder, "targets")).Select(Path.GetFileName).Order(),
                Directory.EnumerateFiles(targets).Select(Path.GetFileName).Order()
            );
            (await Shell.RunAsync("cp", "-r", targets, folder)).Succeeded();
            (await Shell.RunAsync(promtool, "check", "config", Path.Combine(folder, "prometheus.yml"))).Succeeded();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(RuleTests))]
    public async Task Every_alert_fires_and_does_not_just_below_its_bound(string file)
    {
        var promtool = await Shell.DebianFileAsync("prometheus", "usr/bin/promtool");
        (await Shell.RunAsync(promtool, "test", "rules", Path.Combine(Folder, "prometheus/tests", file))).Succeeded();
    }

    [Fact]
    public async Task Amtool_accepts_the_configuration_of_Alertmanager()
    {
        var amtool = await Shell.DebianFileAsync("prometheus-alertmanager", "usr/bin/amtool");
        (
            await Shell.RunAsync(amtool, "check-config", Path.Combine(Folder, "alertmanager/alertmanager.yml"))
        ).Succeeded();
    }

    [Theory]
    [InlineData("severity=critical", "on-call")]
    [InlineData("severity=warning", "team")]
    [InlineData("severity=info", "chat")]
    [InlineData("alertname=Watchdog", "dead-man")]
    public async Task Alertmanager_sends_an_alert_to_those_it_is_for(string label, string receiver)
    {
        var amtool = await Shell.DebianFileAsync("prometheus-alertmanager", "usr/bin/amtool");
        var file = Path.Combine(Folder, "alertmanager/alertmanager.yml");
        var chosen = await Shell.RunAsync(amtool, "config", "routes", "test", $"--config.file={file}", label);
        Assert.Equal(receiver, chosen.Succeeded().Trim());
    }

    [Fact]
    public void Every_alert_has_a_runbook_a_severity_and_a_case()
    {
        foreach (var file in FilesOf("prometheus/rules").Where(f => Path.GetFileName(f).StartsWith("alerts-")))
        {
            var text = File.ReadAllText(file);
            var cases = File.ReadAllText(file.Replace(Rules, Path.Combine(Folder, "prometheus/tests")));
            var alerts = Alert().Matches(text).Select(match => match.Groups["name"].Value).ToArray();
            var runbooks = Runbook().Matches(text).Select(match => match.Groups["path"].Value).ToArray();

            Assert.Equal(alerts.Length, runbooks.Length);
            Assert.Equal(alerts.Length, Regex.Count(text, @"severity: (critical|warning|info|none)"));
            foreach (var (alert, runbook) in alerts.Zip(runbooks))
            {
                Assert.StartsWith($"# {alert}\n", File.ReadAllText(Path.Combine(Shell.Root, runbook)));
                Assert.Contains($"name: {alert} fires", cases);
            }
        }
    }

    [Fact]
    public void Rules_use_only_metrics_that_Veza_documents()
    {
        var documented = File.ReadAllText(Path.Combine(Shell.Root, "docs/reference/metrics.md"));
        var used = FilesOf("prometheus/rules")
            .SelectMany(file => OwnMetric().Matches(File.ReadAllText(file)).Select(match => match.Value))
            .Select(name => Regex.Replace(name, "_(bucket|count|sum)$", ""))
            // Written by backup.sh.
            .Except(["veza_backup_last_success_timestamp_seconds"])
            .Distinct();
        Assert.Equal([], used.Where(name => !documented.Contains($"`{name}`")));
    }

    private static IEnumerable<string> FilesOf(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Folder, folder), "*.yml").Order();
}
