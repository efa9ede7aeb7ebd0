using System.Diagnostics.Metrics;

namespace Veza.Api.Http;

/// <summary>HTTP metrics beyond those of ASP.NET Core.</summary>
internal static class HttpMetrics
{
    private static readonly Meter Meter = new("Veza.Api");

    public static readonly Counter<long> Refusals = Meter.CreateCounter<long>(
        "veza.http.refusals",
        "{answer}",
        "Requests answered with a problem, by its code; faults are fault."
    );
    public static readonly Histogram<double> Waits = Meter.CreateHistogram<double>(
        "veza.reads.wait",
        "s",
        "How long reads waited for their read models to reach Veza-After, asOf or the caller's last write, by outcome: reached or not_there_yet."
    );
}
