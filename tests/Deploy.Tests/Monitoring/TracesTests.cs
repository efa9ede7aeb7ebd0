using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Veza.EventStore.Postgres;

namespace Veza.Deploy.Tests.Monitoring;

/// <summary>
/// Veza as it is installed, an OTLP viewer from deploy/test, and Debian's Prometheus with the configuration of
/// deploy/monitoring.
/// </summary>
public sealed class TracesTests : IDisposable
{
    /// <summary>Far beyond what a start takes on a busy machine.</summary>
    private static readonly TimeSpan StartMax = TimeSpan.FromMinutes(3);

    private readonly string _folder = Directory.CreateTempSubdirectory("veza-traces-").FullName;
    private readonly int _port = Loopback.FreePort();
    private readonly int _metricsPort = Loopback.FreePort();
    private readonly int _viewerPort = Loopback.FreePort();
    private readonly int _otlpPort = Loopback.FreePort();
    private readonly int _prometheusPort = Loopback.FreePort();
    private readonly HttpClient _http = new();

    [Fact]
    public async Task A_bucket_in_Prometheus_leads_to_a_trace_from_the_request_to_the_push()
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("VEZA_REHEARSE") == "1",
            "./veza rehearse runs it: it fetches an OTLP viewer"
        );
        await using var viewer = Program.Start("deploy/test/otlp-viewer", [$"{_viewerPort}", $"{_otlpPort}"]);
        await using var postgres = await LocalPostgres.StartEphemeralAsync(fsync: false, loopback: true);
        await using var veza = StartVeza(postgres);
        await using var prometheus = await StartPrometheusAsync();
        await Eventually.TrueAsync(() => AnswersAsync($"http://127.0.0.1:{_metricsPort}/health/ready"), StartMax);
        await Eventually.TrueAsync(() => AnswersAsync($"http://127.0.0.1:{_viewerPort}/api/telemetry/traces"));

        var trace = await SendMessageAsync();

        string[] expected =
        [
            "POST /api/v1/channels/{channelId:guid}/messages/",
            "SendMessage",
            "append",
            "commit",
            "project chat.messages.v1",
            "push",
        ];
        await Eventually.TrueAsync(async () => expected.All((await SpansAsync(trace)).Contains));
        foreach (var histogram in new[] { "http_server_request", "veza_commands", "veza_log_commit" })
            await Eventually.TrueAsync(async () => (await ExemplarsOfAsync(histogram)).Contains(trace));
        Assert.DoesNotContain("_created", await PrometheusAsync("series?match[]={job=\"veza\"}"));
    }

    private Program StartVeza(LocalPostgres postgres)
    {
        var connection = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var user = $"{connection.Username}:{connection.Password}";
        return Program.Start(
            "dotnet",
            [Path.Combine(Shell.Root, "src/Cli/bin/Release/net10.0/Veza.Cli.dll"), "run"],
            ("PORT", $"{_port}"),
            ("PROMETHEUS_PORT", $"{_metricsPort}"),
            ("VEZA_HOME", _folder),
            ("DATABASE_URL", $"postgresql://{user}@127.0.0.1:{postgres.Port}/{connection.Database}"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{_otlpPort}"),
            // Other programs of a busy machine may have all of its inotify instances.
            ("DOTNET_USE_POLLING_FILE_WATCHER", "true")
        );
    }

    /// <summary>The configuration as it ships, with a target of this test and a shorter interval.</summary>
    private async Task<Program> StartPrometheusAsync()
    {
        var configuration = Path.Combine(_folder, "prometheus");
        var shipped = Path.Combine(Shell.Root, "deploy/monitoring/prometheus");
        (await Shell.RunAsync("cp", "-r", shipped, configuration)).Succeeded();
        foreach (var targets in Directory.EnumerateFiles(Path.Combine(configuration, "targets")))
            await File.WriteAllTextAsync(targets, "[]");
        await File.WriteAllTextAsync(
            Path.Combine(configuration, "targets/veza.yml"),
            $"- targets: [\"127.0.0.1:{_metricsPort}\"]"
        );
        var main = Path.Combine(configuration, "prometheus.yml");
        var text = await File.ReadAllTextAsync(main);
        await File.WriteAllTextAsync(main, text.Replace("scrape_interval: 15s", "scrape_interval: 1s"));
        return Program.Start(
            await Shell.DebianFileAsync("prometheus", "usr/bin/prometheus"),
            [
                $"--config.file={main}",
                $"--storage.tsdb.path={_folder}/data",
                $"--web.listen-address=127.0.0.1:{_prometheusPort}",
                "--enable-feature=exemplar-storage",
            ]
        );
    }

    /// <summary>Sends a message, which a follower of its channel receives.</summary>
    /// <returns>The id of its trace.</returns>
    private async Task<string> SendMessageAsync()
    {
        var session = await PostAsync(
            "/api/v1/accounts",
            new
            {
                userName = "ana",
                email = "ana@example.org",
                password = "correct horse battery",
            }
        );
        _http.DefaultRequestHeaders.Authorization = new("Bearer", session.GetProperty("accessToken").GetString());
        var community = await PostAsync("/api/v1/communities", new { name = "Traced" });
        var channel = community.GetProperty("generalChannelId").GetGuid();
        // From its beginning, so that no item can come too early.
        var follow = new Uri($"http://127.0.0.1:{_port}/api/v1/live?topics=channel:{channel}&after=0");
        using var items = new StreamReader(await _http.GetStreamAsync(follow));

        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var parent = $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01";
        await PostAsync($"/api/v1/channels/{channel}/messages", new { text = "seen in the trace" }, parent);
        while (await items.ReadLineAsync() is { } line && !line.Contains("seen in the trace")) { }
        return trace;
    }

    private async Task<JsonElement> PostAsync(string path, object body, string? traceparent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{_port}{path}");
        request.Content = JsonContent.Create(body);
        if (traceparent is not null)
            request.Headers.Add("traceparent", traceparent);
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <returns>The names of the spans that the viewer shows of a trace.</returns>
    private async Task<List<string>> SpansAsync(string trace)
    {
        var address = $"http://127.0.0.1:{_viewerPort}/api/telemetry/traces/{trace}";
        // The first spans have yet to arrive.
        if (!await AnswersAsync(address))
            return [];
        var page = await _http.GetFromJsonAsync<JsonElement>(address);
        return
        [
            .. page.GetProperty("data")
                .GetProperty("resourceSpans")
                .EnumerateArray()
                .SelectMany(resource => resource.GetProperty("scopeSpans").EnumerateArray())
                .SelectMany(scope => scope.GetProperty("spans").EnumerateArray())
                .Select(span => span.GetProperty("name").GetString()!),
        ];
    }

    private Task<string> ExemplarsOfAsync(string histogram)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return PrometheusAsync(
            $"query_exemplars?query={histogram}_duration_seconds_bucket&start={now - 600}&end={now}"
        );
    }

    private Task<string> PrometheusAsync(string question) =>
        _http.GetStringAsync($"http://127.0.0.1:{_prometheusPort}/api/v1/{question}");

    private async Task<bool> AnswersAsync(string address)
    {
        try
        {
            using var answer = await _http.GetAsync(address);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A program that runs until it is disposed of.</summary>
    private sealed class Program(Process process) : IAsyncDisposable
    {
        public static Program Start(string name, string[] arguments, params (string Name, string Value)[] environment)
        {
            var path = Path.Combine(Shell.Root, name);
            var start = new ProcessStartInfo(File.Exists(path) ? path : name, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (var (variable, value) in environment)
                start.Environment[variable] = value;
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
            process.ErrorDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return new(process);
        }

        public async ValueTask DisposeAsync()
        {
            var id = process.Id.ToString(CultureInfo.InvariantCulture);
            await Shell.RunAsync("sh", "-c", $"kill -TERM {id}");
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
