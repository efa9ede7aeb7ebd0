using System.Globalization;
using System.Text;

namespace Veza.Api.Observability;

/// <summary>Prometheus's text format, version 0.0.4.</summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder text = new();

    public void Header(string name, string help, MetricKind kind)
    {
        text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Histogram => "histogram",
            _ => "gauge",
        }).Append('\n');
    }

    /// <param name="labels">As <see cref="Labels"/> gives them.</param>
    public void Sample(string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    public void Bucket(string name, string labels, double upTo, long count) =>
        Sample(name + "_bucket", $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{Number(upTo)}\"", count);

    public override string ToString() => text.ToString();

    /// <summary>`log.append.duration` in `s` becomes `log_append_duration_seconds`; a counter gets `_total` at the end.</summary>
    public static string MetricName(string instrument, string? unit, MetricKind kind)
    {
        var name = Clean(instrument, colonAllowed: true);
        if (UnitName(unit, kind) is { Length: > 0 } unitName && !name.EndsWith("_" + unitName, StringComparison.Ordinal))
            name = (name.EndsWith("_total", StringComparison.Ordinal) ? name[..^"_total".Length] : name) + "_" + unitName;
        return kind == MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>Sorted, so that the same labels are always the same text.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags, MetricKind kind)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in tags)
        {
            var label = Clean(key, colonAllowed: false);
            // A histogram's own label, and the prefix Prometheus keeps for itself.
            if (label == "le" && kind == MetricKind.Histogram || label.StartsWith("__", StringComparison.Ordinal)) label = "tag_" + label.TrimStart('_');
            labels[label] = LabelValue(value);
        }
        return string.Join(',', labels.Select(l => $"{l.Key}=\"{l.Value}\""));
    }

    private static string LabelValue(object? value)
    {
        var text = value switch
        {
            null => "",
            bool flag => flag ? "true" : "false",
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        return text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Clean(string name, bool colonAllowed)
    {
        var clean = new StringBuilder(name.Length + 1);
        foreach (var c in name) clean.Append(char.IsAsciiLetterOrDigit(c) || c == '_' || c == ':' && colonAllowed ? c : '_');
        if (clean.Length == 0 || char.IsAsciiDigit(clean[0])) clean.Insert(0, '_');
        return clean.ToString();
    }

    /// <summary>UCUM's units by Prometheus's names; annotations such as `{request}` are for people only.</summary>
    private static string UnitName(string? unit, MetricKind kind) => unit switch
    {
        null or "" => "",
        ['{', ..] => "",
        "1" => kind == MetricKind.Gauge ? "ratio" : "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "By" => "bytes",
        "%" => "percent",
        "Hz" => "hertz",
        "Cel" => "celsius",
        _ => Clean(unit, colonAllowed: false),
    };
}
