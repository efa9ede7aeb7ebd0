using System.Text.Json.Nodes;
using Veza.Deploy.Tests.Monitoring;

namespace Veza.Deploy.Tests.Kubernetes;

/// <summary>The cluster's rules are those of deploy/monitoring, by the names of CloudNativePG's metrics.</summary>
public sealed class PrometheusRulesTests
{
    private const string Folder = "deploy/kubernetes/monitoring";
    private const string PostgresAlerts = "deploy/monitoring/prometheus/rules/alerts-postgres.yml";

    internal static async Task<IReadOnlyList<JsonNode>> ObjectsAsync(string @namespace) =>
        Manifests.Parse((await Shell.RunAsync($"{Folder}/prometheus-rules", @namespace)).Succeeded());

    [Fact]
    public async Task Every_object_is_valid_and_has_the_groups_of_its_file()
    {
        foreach (var rule in await ObjectsAsync("veza-staging"))
        {
            Assert.Empty(CustomResources.Faults(rule));
            var name = rule.Text("metadata", "name")!["veza-".Length..];
            var file =
                name == "cloudnativepg"
                    ? $"{Folder}/rules-{name}.yml"
                    : PostgresAlerts.Replace("alerts-postgres", name);
            var source = Manifests.Parse(await File.ReadAllTextAsync(Path.Combine(Shell.Root, file))).Single();
            Assert.True(JsonNode.DeepEquals(source["groups"], rule.At("spec", "groups")), name);
        }
    }

    [Fact]
    public async Task Alerts_of_PostgreSQL_fire_by_CloudNativePGs_metrics()
    {
        var promtool = await Shell.DebianFileAsync("prometheus", "usr/bin/promtool");
        var cases = Path.Combine(Shell.Root, Folder, "rules-cloudnativepg.test.yml");
        (await Shell.RunAsync(promtool, "test", "rules", cases)).Succeeded();
        Assert.All(Alerts().Select(alert => alert.Text("alert")!), alert =>
            Assert.Contains($"alertname=\"{alert}\"", File.ReadAllText(cases), StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Every_name_that_PostgreSQLs_alerts_and_panels_use_is_given()
    {
        var given = (await ObjectsAsync("veza"))
            .Single(one => one.Text("metadata", "name") == "veza-cloudnativepg")
            .Items("spec", "groups")
            .SelectMany(group => group.Items("rules"))
            .Select(rule => rule.Text("record")!);
        var alerts = Alerts().Select(alert => new Expression(ExpressionKind.Alert, "", alert.Text("expr")!));
        var panels = Expression.Panels.Where(panel =>
            panel.Name.StartsWith("Veza: PostgreSQL", StringComparison.Ordinal)
        );

        var used = await Expression.SelectorsAsync(alerts.Concat(panels));

        Assert.Equal(given.Order(), used.SelectMany(one => one).Select(one => one.Split('{')[0]).Distinct().Order());
    }

    private static IEnumerable<JsonNode> Alerts() =>
        Manifests
            .Parse(File.ReadAllText(Path.Combine(Shell.Root, PostgresAlerts)))
            .Single()
            .Items("groups")
            .SelectMany(group => group.Items("rules"));
}
