using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Configuration;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

/// <summary>
/// Dashboards and alerts depend on names, types and labels. docs/reference/metrics.md lists them, and a server exposes
/// exactly these.
/// </summary>
public sealed partial class MetricNamesTests(VezaServer server)
{
    private static readonly string[] Seconds =
    [
        "0.0005",
        "0.001",
        "0.0025",
        "0.005",
        "0.01",
        "0.025",
        "0.05",
        "0.1",
        "0.25",
        "0.5",
        "1",
        "2.5",
        "5",
        "10",
        "+Inf",
    ];
    private static readonly string[] Counts =
    [
        "1",
        "2",
        "5",
        "10",
        "25",
        "50",
        "100",
        "250",
        "500",
        "1000",
        "2500",
        "5000",
        "10000",
        "+Inf",
    ];

    /// <summary>The metrics of every server after a little use.</summary>
    private static readonly string[] Always =
    [
        "target_info",
        "http_server_request_duration_seconds",
        "http_server_active_requests",
        "kestrel_active_connections",
        "kestrel_connection_duration_seconds",
        "aspnetcore_routing_match_attempts_total",
        "db_client_connection_count",
        "db_client_operation_duration_seconds",
        "dotnet_gc_collections_total",
        "dotnet_gc_heap_total_allocated_bytes_total",
        "dotnet_gc_pause_time_seconds_total",
        "dotnet_jit_compilation_time_seconds_total",
        "dotnet_process_cpu_time_seconds_total",
        "dotnet_process_memory_working_set_bytes",
        "dotnet_thread_pool_thread_count_total",
        "veza_commands_duration_seconds",
        "veza_commands_handled_total",
        "veza_commands_refused_total",
        "veza_connections_max",
        "veza_connections_open",
        "veza_http_refusals_total",
        "veza_live_connections",
        "veza_live_subscriptions",
        "veza_log_batch_commands",
        "veza_log_batch_events",
        "veza_log_commit_duration_seconds",
        "veza_log_events_appended_total",
        "veza_log_head",
        "veza_log_queue_commands",
        "veza_log_queue_wait_seconds",
        "veza_log_tail_events",
        "veza_log_tail_size_bytes",
        "veza_models_cached",
        "veza_models_found_total",
        "veza_projection_events_total",
        "veza_projection_healthy",
        "veza_projection_lag",
        "veza_projection_position",
        "veza_reactor_dead",
        "veza_reactor_lag",
        "veza_slots_taken",
    ];

    private static readonly Dictionary<string, (string Type, string[] Labels)> Documented = File.ReadLines(
            Path.Combine(Root(), "docs/reference/metrics.md")
        )
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(
            cells => cells[1].Trim('`'),
            cells => (cells[2], Name().Matches(cells[3]).Select(label => label.Groups[1].Value).ToArray())
        );

    [Fact]
    public async Task A_server_exposes_its_metrics_by_their_documented_names_types_and_labels()
    {
        await UseAsync();
        var exposed = ExposedMetrics.Of(await ScrapeAsync());

        Assert.Equal([], Always.Except(exposed.Keys));
        foreach (var (name, metric) in exposed)
        {
            // A newer library may measure more.
            if (!Documented.TryGetValue(name, out var documented))
            {
                Assert.False(IsOwn(name), $"{name} is not in the page");
                continue;
            }
            Assert.Equal((name, documented.Type), (name, metric.Type));
            Assert.Equal((name, ""), (name, string.Join(',', metric.Labels.Except(documented.Labels))));
            // Veza's own metrics always have all their labels.
            if (IsOwn(name) && metric.Labels.Count > 0)
                Assert.Equal((name, string.Join(',', documented.Labels)), (name, string.Join(',', metric.Labels)));
        }
    }

    [Fact]
    public async Task Every_instrument_of_Veza_is_exposed_under_a_documented_name()
    {
        MeasureAll();
        await UseAsync();
        var exposed = ExposedMetrics.Of(await ScrapeAsync()).Where(m => IsOwn(m.Key));
        var documented = Documented.Where(m => IsOwn(m.Key));

        Assert.Equal(
            documented.Select(m => (m.Key, m.Value.Type)).Order(),
            exposed.Select(m => (m.Key, m.Value.Type)).Order()
        );
    }

    [Fact]
    public async Task Histograms_have_the_documented_bounds()
    {
        await UseAsync();
        var exposed = ExposedMetrics.Of(await ScrapeAsync());
        var own = exposed.Where(m => m.Value.Type == "histogram" && IsOwn(m.Key)).ToList();

        Assert.Contains(own, m => m.Key == "veza_log_batch_events");
        foreach (var (name, metric) in own)
            Assert.Equal(name.EndsWith("_seconds", StringComparison.Ordinal) ? Seconds : Counts, metric.Bounds);
        // The library advises these bounds in place of the SDK's.
        Assert.Contains("0.75", exposed["http_server_request_duration_seconds"].Bounds);
        Assert.Contains("300", exposed["kestrel_connection_duration_seconds"].Bounds);
    }

    [Fact]
    public async Task No_label_holds_an_id_or_a_name()
    {
        var person = await server.RegisterAsync("measured");
        var answer = person.PostAsync("/api/v1/communities", new { name = "Measured" });
        var community = (await answer.JsonAsync(HttpStatusCode.Created)).Id();
        await person.GetAsync($"/api/v1/communities/{community}");
        await person.GetAsync($"/nowhere/{community}");

        foreach (var (name, metric) in ExposedMetrics.Of(await ScrapeAsync()))
        {
            // Includes the connections of other tests, which have no names.
            if (name.StartsWith("db_", StringComparison.Ordinal))
                continue;
            foreach (var value in metric.Values)
            {
                Assert.False(Id().IsMatch(value), $"{name} exposes {value}");
                Assert.False(
                    value.Contains(person.UserName, StringComparison.OrdinalIgnoreCase),
                    $"{name} exposes {value}"
                );
            }
        }
    }

    private async Task UseAsync()
    {
        var person = await server.RegisterAsync("watched");
        await person.PostAsync("/api/v1/communities", new { name = "Watched" }).JsonAsync(HttpStatusCode.Created);
        await person.GetAsync("/api/v1/accounts/me").JsonAsync();
        await person.PostAsync("/api/v1/communities", new { name = "" }).JsonAsync(HttpStatusCode.BadRequest);
        await person.GetAsync($"/api/v1/communities/{Guid.CreateVersion7()}").JsonAsync(HttpStatusCode.NotFound);
        using var connection = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{server.Address}/health/live");
        request.Headers.ConnectionClose = true;
        using var answer = await connection.SendAsync(request);
    }

    /// <summary>Reads the current text: a cached one may be older.</summary>
    private async Task<string> ScrapeAsync()
    {
        var settings = server.Running.App.Services.GetRequiredService<VezaSettings>();
        using var http = new HttpClient();
        // As often as the text is rebuilt, because scrapes have a rate limit.
        using var look = new PeriodicTimer(MetricsEndpoint.CachedFor);
        var text = "";
        await Eventually.TrueAsync(async () =>
        {
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            text = await http.GetStringAsync($"http://127.0.0.1:{settings.PrometheusPort}/metrics");
            return Always.All(name => text.Contains($"# TYPE {name} ", StringComparison.Ordinal));
        });
        return text;
    }

    /// <summary>Records a zero with each instrument of Veza, also those for rare events.</summary>
    private static void MeasureAll()
    {
        var rooms = AppDomain
            .CurrentDomain.GetAssemblies()
            .Where(assembly => assembly.GetName().Name!.StartsWith("Veza.", StringComparison.Ordinal));
        foreach (var type in rooms.SelectMany(room => room.GetTypes()).Where(HasInstruments))
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        var instruments = new List<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (
                    instrument.Meter.Name.StartsWith("Veza.", StringComparison.Ordinal)
                    && !instrument.Meter.Name.StartsWith("Veza.Tests", StringComparison.Ordinal)
                )
                    instruments.Add(instrument);
            },
        };
        listener.Start();
        foreach (var instrument in instruments)
        {
            switch (instrument)
            {
                case Counter<long> counter:
                    counter.Add(0);
                    break;
                case UpDownCounter<int> counter:
                    counter.Add(0);
                    break;
                case UpDownCounter<long> counter:
                    counter.Add(0);
                    break;
                case Histogram<int> histogram:
                    histogram.Record(0);
                    break;
                case Histogram<double> histogram:
                    histogram.Record(0);
                    break;
                default:
                    Assert.True(
                        instrument.IsObservable,
                        $"{instrument.Name} is of another type: {instrument.GetType()}"
                    );
                    break;
            }
        }
    }

    private static bool HasInstruments(Type type) =>
        !type.ContainsGenericParameters
        && type.GetFields(
                BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
            )
            .Select(field => field.FieldType)
            .Any(field => typeof(Meter).IsAssignableFrom(field) || typeof(Instrument).IsAssignableFrom(field));

    private static bool IsOwn(string name) => name.StartsWith("veza_", StringComparison.Ordinal);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Name();

    [GeneratedRegex("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", RegexOptions.IgnoreCase)]
    private static partial Regex Id();
}
