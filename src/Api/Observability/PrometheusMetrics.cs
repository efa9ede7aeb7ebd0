using System.Diagnostics.Metrics;

namespace Veza.Api.Observability;

/// <summary>Listens to the meters of Veza and its libraries and writes them in Prometheus's text format.</summary>
/// <remarks>
/// Written here because the exporter of OpenTelemetry for this format has only ever had pre-releases. Names follow its rules:
/// `http.server.request.duration` in seconds becomes `http_server_request_duration_seconds`, counters end in `_total`.
/// </remarks>
public sealed class PrometheusMetrics : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly string[] MeterPrefixes = ["Microsoft.AspNetCore.", "System.Runtime", "System.Net.", "Npgsql", "Veza.", "Wolverine:"];

    private readonly MeterListener listener = new();
    private readonly Dictionary<string, MetricFamily> families = [];
    private readonly Lock scraping = new();
    private readonly ILogger<PrometheusMetrics> logger;
    private readonly MetricFamily target;
    private readonly TimeProvider clock;
    private string? text;
    private long writtenAt;

    /// <summary>Less than any Prometheus waits between two scrapes.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(1);

    public PrometheusMetrics(
        string serviceName,
        string serviceVersion,
        ILogger<PrometheusMetrics> logger,
        TimeProvider? clock = null)
    {
        this.logger = logger;
        this.clock = clock ?? TimeProvider.System;
        target = new MetricFamily("target_info", "Which service this is, and which build of it.", MetricKind.Gauge, [], absolute: true);
        target.Record(1, [new("service_name", serviceName), new("service_version", serviceVersion)]);

        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (MeterPrefixes.Any(prefix => instrument.Meter.Name.StartsWith(prefix, StringComparison.Ordinal)) && FamilyOf(instrument) is { } family)
                listening.EnableMeasurementEvents(instrument, family);
        };
        listener.SetMeasurementEventCallback<byte>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<short>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<int>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<float>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, family) => Record(family, value, tags));
        listener.SetMeasurementEventCallback<decimal>((_, value, tags, family) => Record(family, (double)value, tags));
        listener.Start();
    }

    /// <summary>
    /// What <see cref="Write"/> says, at most <see cref="KeptFor"/> old: however many ask, it is made once for all.
    /// </summary>
    public string Text()
    {
        lock (scraping)
        {
            if (text is null || clock.GetElapsedTime(writtenAt) >= KeptFor)
                (text, writtenAt) = (Write(), clock.GetTimestamp());
            return text;
        }
    }

    public string Write()
    {
        // One at a time: what observable instruments report belongs to one scrape.
        lock (scraping)
        {
            MetricFamily[] all;
            lock (families) all = [target, .. families.Values.OrderBy(f => f.Name, StringComparer.Ordinal)];
            foreach (var family in all) family.BeginObservation();
            try { listener.RecordObservableInstruments(); }
            catch (AggregateException e)
            {
                // One broken gauge must not hide all the others.
                logger.LogWarning(e, "An observable instrument failed; its value is missing from this scrape");
            }

            var written = new PrometheusText();
            foreach (var family in all) family.WriteTo(written);
            return written.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private static void Record(object? family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => ((MetricFamily)family!).Record(value, tags);

    /// <remarks>Instruments of one name share a family: each host of a process makes ASP.NET Core's meters anew.</remarks>
    private MetricFamily? FamilyOf(Instrument instrument)
    {
        var kind = Kind(instrument);
        var name = PrometheusText.MetricName(instrument.Name, instrument.Unit, kind);
        var absolute = instrument.IsObservable || instrument.GetType().Name.StartsWith("Gauge", StringComparison.Ordinal);
        var made = new MetricFamily(name, Help(instrument), kind, Buckets.Of(instrument), absolute, instrument.IsObservable);
        lock (families)
        {
            if (families.TryAdd(name, made)) return made;
            if (families[name].Behaviour == made.Behaviour) return families[name];
            logger.LogWarning("Instrument {Instrument} of {Meter} is not shown: another of that name is of another kind", instrument.Name, instrument.Meter.Name);
            return null;
        }
    }

    private static MetricKind Kind(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" or "ObservableCounter" => MetricKind.Counter,
        "Histogram" => MetricKind.Histogram,
        _ => MetricKind.Gauge,
    };

    private static string Help(Instrument instrument) =>
        string.IsNullOrWhiteSpace(instrument.Description) ? $"{instrument.Name} of {instrument.Meter.Name}." : instrument.Description;
}

public enum MetricKind { Counter, Gauge, Histogram }
