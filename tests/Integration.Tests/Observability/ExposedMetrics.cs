using System.Text.RegularExpressions;

namespace Veza.Integration.Tests.Observability;

/// <summary>A metric in Prometheus's text format.</summary>
/// <param name="Labels">Names, in order, without a histogram's <c>le</c>.</param>
/// <param name="Bounds">A histogram's values of <c>le</c>.</param>
/// <param name="Values">The values of the labels.</param>
internal sealed record ExposedMetric(
    string Type,
    IReadOnlySet<string> Labels,
    IReadOnlySet<string> Bounds,
    IReadOnlySet<string> Values
);

/// <summary>Reads Prometheus's text format, version 0.0.4.</summary>
internal static partial class ExposedMetrics
{
    /// <returns>By name, without the tests' own metrics.</returns>
    public static Dictionary<string, ExposedMetric> Of(string text)
    {
        var metrics = new Dictionary<string, ExposedMetric>();
        ExposedMetric? current = null;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var (name, type) = (line.Split(' ')[2], line.Split(' ')[3]);
                var labels = new SortedSet<string>(StringComparer.Ordinal);
                current = new(type, labels, new HashSet<string>(), new HashSet<string>());
                if (!name.StartsWith("test_", StringComparison.Ordinal))
                    metrics.Add(name, current);
            }
            if (line[0] == '#')
                continue;
            foreach (Match label in Label().Matches(line))
            {
                var (name, value) = (label.Groups[1].Value, label.Groups[2].Value);
                if (name == "le")
                {
                    ((HashSet<string>)current!.Bounds).Add(value);
                    continue;
                }
                ((SortedSet<string>)current!.Labels).Add(name);
                ((HashSet<string>)current.Values).Add(value);
            }
        }
        return metrics;
    }

    [GeneratedRegex("""([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)["]""")]
    private static partial Regex Label();
}
