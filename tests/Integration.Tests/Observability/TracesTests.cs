using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Integration.Tests.Chat;
using Veza.Integration.Tests.Live;

namespace Veza.Integration.Tests.Observability;

/// <summary>A node that exports traces, to a collector that is away.</summary>
public sealed partial class TracesTests(VezaServer server) : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private readonly int _metricsPort = Loopback.FreePort();
    private RunningVeza _node = null!;

    [GeneratedRegex(
        """^(?<series>\w+)_bucket\{.+\} \d+ # \{trace_id="(?<trace>\w+)",span_id="\w+"\} [\dE.-]+ [\d.]+$"""
    )]
    private static partial Regex Exemplar();

    public async ValueTask InitializeAsync() =>
        _node = await VezaHost.StartAsync(
            VezaServer.Settings(
                server.Home,
                ("ROLES", "api,realtime"),
                ("PROMETHEUS_PORT", _metricsPort.ToString(CultureInfo.InvariantCulture)),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{Loopback.FreePort()}")
            ),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

    [Fact]
    public async Task A_latency_bucket_leads_to_the_trace_of_a_request_that_was_as_slow()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var traces = new HashSet<string>();
        string[] histograms =
        [
            "http_server_request_duration_seconds",
            "veza_commands_duration_seconds",
            "veza_log_commit_duration_seconds",
        ];

        // Commands of other tests may take the place of this one's before it is seen.
        await Eventually.TrueAsync(async () =>
        {
            traces.Add(await SendAsync(chat));
            var linked = (await LinesAsync("application/openmetrics-text"))
                .Select(line => Exemplar().Match(line))
                .Where(exemplar => traces.Contains(exemplar.Groups["trace"].Value))
                .Select(exemplar => exemplar.Groups["series"].Value);
            return histograms.All(linked.Contains);
        });

        // Scrapers that do not ask for it get the same as ever.
        Assert.DoesNotContain(await LinesAsync("text/plain"), line => line.Contains("# {", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_trace_has_the_request_the_append_the_projections_and_the_push()
    {
        using var spans = new Spans();
        var chat = await ChatSetting.CreateAsync(server);
        var stream = new Uri(
            $"{_node.Address}/api/v1/live?topics=channel:{chat.Channel}&after={server.Running.Log.Head}"
        );
        using var follow = new HttpRequestMessage(HttpMethod.Get, stream);
        follow.Headers.Authorization = new("Bearer", chat.Member.AccessToken);
        using var followed = await _http.SendAsync(follow, HttpCompletionOption.ResponseHeadersRead);
        followed.EnsureSuccessStatusCode();

        var trace = await SendAsync(chat);

        string[] expected =
        [
            "Microsoft.AspNetCore.Hosting.HttpRequestIn",
            "SendMessage",
            "append",
            "commit",
            "project chat.messages.v1",
            "push",
        ];
        await Eventually.TrueAsync(() => expected.All(spans.Of(trace).Select(span => span.OperationName).Contains));
        var request = spans.Of(trace).Single(span => span.OperationName == expected[0]);
        var later = spans.Of(trace).Where(span => span.Source.Name == "Veza.EventStore").ToList();
        Assert.All(later, span => Assert.Equal(request.SpanId, span.ParentSpanId));
        Assert.Single(later, span => span.OperationName == "push");
    }

    [Fact]
    public async Task And_what_reactors_do_about_its_events()
    {
        using var spans = new Spans();
        var chat = await ChatSetting.CreateAsync(server);
        await chat.SendAsync(chat.Member, "buy watches");
        var ban = $"/api/v1/communities/{chat.Community}/bans/{chat.Member.Id}";

        var trace = await SendAsync(chat, HttpMethod.Put, ban, new { deleteMessagesHours = 1 });

        await Eventually.TrueAsync(() => spans.Of(trace).Any(span => span.OperationName == "WithdrawMessage"));
    }

    private Task<string> SendAsync(ChatSetting chat) =>
        SendAsync(chat, HttpMethod.Post, chat.Messages, new { text = "traced" });

    /// <returns>The id of the trace that the owner's request belongs to.</returns>
    private async Task<string> SendAsync(ChatSetting chat, HttpMethod method, string path, object body)
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(method, _node.Address + path);
        request.Content = System.Net.Http.Json.JsonContent.Create(body, body.GetType());
        request.Headers.Authorization = new("Bearer", chat.Owner.AccessToken);
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
        using var answer = await _http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return trace;
    }

    private async Task<string[]> LinesAsync(string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{_metricsPort}/metrics");
        request.Headers.Accept.ParseAdd(accept);
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.Content.Headers.ContentType?.MediaType == accept, text);
        return text.Split('\n');
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _http.Dispose();
    }

    /// <summary>The spans that ended in this process.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = [];
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new() { ShouldListenTo = _ => true, ActivityStopped = _ended.Enqueue };
            ActivitySource.AddActivityListener(_listener);
        }

        public List<Activity> Of(string trace) => [.. _ended.Where(span => span.TraceId.ToHexString() == trace)];

        public void Dispose() => _listener.Dispose();
    }
}
