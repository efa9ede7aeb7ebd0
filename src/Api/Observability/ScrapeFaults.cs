using System.Diagnostics.Tracing;
using System.Globalization;

namespace Veza.Api.Observability;

/// <summary>
/// Logs why metrics are missing from an answer of `/metrics`, which OpenTelemetry reports only to its event sources.
/// </summary>
internal sealed class ScrapeFaults(ILogger<ScrapeFaults> logger) : EventListener
{
    private static readonly string[] Sources = ["OpenTelemetry-Sdk", "OpenTelemetry-Exporter-Prometheus"];
    private static readonly string[] Events =
    [
        "ObservableInstrumentCallbackException",
        "FailedExport",
        "ScrapeFailed",
        "CollectFailed",
        "ConflictingType",
    ];

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (Sources.Contains(eventSource.Name))
            EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (!Events.Contains(eventData.EventName))
            return;
        object?[] values = eventData.Payload?.ToArray() ?? [];
        var what = string.Format(CultureInfo.InvariantCulture, eventData.Message ?? "", values);
        logger.LogWarning("An answer of /metrics lacks something: {What}", what);
    }
}
