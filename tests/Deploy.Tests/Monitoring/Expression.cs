using System.Text.Json;
using System.Text.Json.Nodes;
using Veza.Deploy.Tests.Kubernetes;

namespace Veza.Deploy.Tests.Monitoring;

internal enum ExpressionKind
{
    Alert,
    Recording,
    Panel,
}

/// <summary>An expression of a rule or of a dashboard, as it ships.</summary>
/// <param name="Name">The alert's, the recorded series', or the dashboard's with the panel's title.</param>
/// <param name="Severity">An alert's.</param>
internal sealed record Expression(ExpressionKind Kind, string Name, string Text, string Severity = "")
{
    private static readonly string Folder = Path.Combine(Shell.Root, "deploy/monitoring");

    public static IReadOnlyList<Expression> Rules { get; } =
    [
        .. Directory
            .EnumerateFiles(Path.Combine(Folder, "prometheus/rules"), "*.yml")
            .Order()
            .SelectMany(file => Manifests.Parse(File.ReadAllText(file)).Single().Items("groups"))
            .SelectMany(group => group.Items("rules"))
            .Select(OfRule),
    ];

    public static IReadOnlyList<Expression> Panels { get; } =
    [
        .. Directory
            .EnumerateFiles(Path.Combine(Folder, "grafana/dashboards"), "*.json")
            .Order()
            .SelectMany(file => OfDashboard(JsonNode.Parse(File.ReadAllText(file))!)),
    ];

    public static IEnumerable<Expression> Alerts => Rules.Where(rule => rule.Kind == ExpressionKind.Alert);

    /// <returns>The vector selectors of each, such as <c>up{job="veza"}</c>, without their ranges.</returns>
    public static async Task<IReadOnlyList<string[]>> SelectorsAsync(IEnumerable<Expression> expressions)
    {
        var texts = JsonSerializer.Serialize(expressions.Select(expression => expression.Text));
        var result = await NodeModules.RunAsync("Monitoring/selectors.mjs", texts);
        return JsonSerializer.Deserialize<string[][]>(result.Succeeded())!;
    }

    public override string ToString() => $"{Kind} {Name}: {Text.Trim()}";

    private static Expression OfRule(JsonNode rule) =>
        rule.Text("alert") is { } alert
            ? new(ExpressionKind.Alert, alert, rule.Text("expr")!, rule.Text("labels", "severity")!)
            : new(ExpressionKind.Recording, rule.Text("record")!, rule.Text("expr")!);

    private static IEnumerable<Expression> OfDashboard(JsonNode dashboard) =>
        from panel in dashboard.Items("panels")
        from target in panel.Items("targets")
        select new Expression(
            ExpressionKind.Panel,
            $"{dashboard.Text("title")}, {panel.Text("title")}",
            target.Text("expr")!
        );
}
