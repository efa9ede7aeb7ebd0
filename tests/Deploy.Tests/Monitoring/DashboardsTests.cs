using System.Text.Json;

namespace Veza.Deploy.Tests.Monitoring;

public sealed class DashboardsTests
{
    private static readonly string Folder = Path.Combine(Shell.Root, "deploy/monitoring/grafana/dashboards");

    [Fact]
    public void Five_dashboards_have_their_own_names_and_panels_with_expressions()
    {
        var dashboards = Directory.GetFiles(Folder, "*.json").Select(Read).ToList();

        Assert.Equal(5, dashboards.Select(dashboard => dashboard.GetProperty("uid").GetString()).Distinct().Count());
        Assert.All(dashboards, dashboard => Assert.NotEmpty(Expressions(dashboard)));
    }

    [Fact]
    public async Task Prometheus_can_parse_every_expression_of_the_dashboards()
    {
        var rules = new List<string> { "groups:", "  - name: dashboards", "    rules:" };
        foreach (var expression in Directory.GetFiles(Folder, "*.json").SelectMany(file => Expressions(Read(file))))
        {
            rules.Add($"      - record: panel:{rules.Count}");
            rules.Add($"        expr: {JsonSerializer.Serialize(expression)}");
        }
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, rules, TestContext.Current.CancellationToken);
            var promtool = await Shell.DebianFileAsync("prometheus", "usr/bin/promtool");
            (await Shell.RunAsync(promtool, "check", "rules", file)).Succeeded();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllText(file)).RootElement;

    private static IEnumerable<string> Expressions(JsonElement dashboard) =>
        dashboard
            .GetProperty("panels")
            .EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!);
}
