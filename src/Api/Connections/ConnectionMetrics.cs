using System.Diagnostics.Metrics;

namespace Veza.Api.Connections;

/// <summary>Metrics of accepted, refused and closed connections.</summary>
internal static class ConnectionMetrics
{
    private static readonly Meter Meter = new("Veza.Api");

    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "veza.connections.refused",
        "{connection}",
        "TCP connections closed at once, by port and by the limit: all or network."
    );

    private static readonly Counter<long> Closed = Meter.CreateCounter<long>(
        "veza.connections.closed",
        "{connection}",
        "TCP connections the server closed, by port and reason: silent, relief or stopping."
    );

    public static void CountRefused(string port, string limit) =>
        Refused.Add(1, new("port", port), new("limit", limit));

    public static void CountClosed(string port, string reason) =>
        Closed.Add(1, new("port", port), new("reason", reason));

    /// <summary>Counting takes a moment with many files, so it is done once for each answer of /metrics.</summary>
    public static void ObserveFiles(int max)
    {
        Meter.CreateObservableGauge(
            "veza.process.files.open",
            () => OpenFiles.Count,
            "{file}",
            "Files and connections that this process has open."
        );
        Meter.CreateObservableGauge(
            "veza.process.files.max",
            () => max,
            "{file}",
            "Most files and connections that this process may open."
        );
    }

    public static void Observe(string port, Func<int> open, int max)
    {
        var label = new KeyValuePair<string, object?>("port", port);
        Gauge("veza.connections.open", open, "Open TCP connections, by port.");
        Gauge("veza.connections.max", () => max, "Most TCP connections, by port.");

        void Gauge(string name, Func<int> value, string description) =>
            Meter.CreateObservableGauge(name, () => new Measurement<int>(value(), label), "{connection}", description);
    }
}
