using System.IO.Pipelines;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Http;
using Veza.Integration.Tests.Live;
using Veza.Integration.Tests.Security;
using Veza.Realtime.Engine;

namespace Veza.Integration.Tests.Http;

/// <summary>Lists the answers that last for as long as their clients read, and checks what ends them.</summary>
public class LongAnswerTests(VezaServer veza)
{
    private static readonly RealtimeLimits Limits = new();

    /// <summary>The content types of streams of bytes and of events.</summary>
    private static readonly string[] Endless = ["text/event-stream", "application/x-ndjson"];

    [Fact]
    public void Every_answer_that_goes_on_is_a_long_answer_and_is_listed_here()
    {
        string[] listed =
        [
            "GET api/v1/accounts/me/export",
            "GET api/v1/charts/{chart}/live",
            "GET api/v1/live",
            "GET api/v1/log",
        ];
        var closed = EveryEndpointTests.ClosedOf(veza).ToList();
        Assert.Equal(listed, Named(closed.Where(e => e.Endpoint.Metadata.GetMetadata<AnswersAtLength>() is not null)));
        Assert.Equal(
            listed,
            Named(
                closed.Where(e =>
                    e.Endpoint.Metadata.OfType<IProducesResponseTypeMetadata>()
                        .Any(p => p.ContentTypes.Intersect(Endless).Any())
                )
            )
        );
    }

    /// <summary>Code that writes a response in pieces does so as a long answer, or is listed here.</summary>
    [Fact]
    public void Nothing_else_writes_to_a_response_piece_by_piece()
    {
        // One answer of known length; a broadcast's sound, which is public and has no session to end with; and a
        // track's sound, which ends with its file or object.
        string[] others =
        [
            "Http/CommandSender.cs",
            "Http/LongAnswer.cs",
            "Live/Broadcasts/BroadcastEndpoints.cs",
            "Music/Tracks/TrackEndpoints.cs",
        ];
        var api = Path.Combine(Root(), "src", "Api");
        var writing = Directory
            .EnumerateFiles(api, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal))
            .Where(f =>
                Regex.IsMatch(
                    File.ReadAllText(f),
                    @"esponse\.Body(Writer)?\b|(Typed)?Results\.(Stream|ServerSentEvents)\b"
                        + @"|IAsyncEnumerable<.*> \w+\(.*HttpContext"
                )
            )
            .Select(f => Path.GetRelativePath(api, f))
            .Order(StringComparer.Ordinal);
        Assert.Equal(others, writing);
    }

    [Fact]
    public async Task A_client_that_takes_nothing_is_cut_off_at_the_limit_and_not_before()
    {
        var clock = new ManualTime();
        using var answer = await OpenAsync(clock, out var cut);
        answer.Body.Advance(Fill(answer.Body));
        var flush = answer.FlushAsync().AsTask();
        clock.Advance(Limits.StoppedReadingMax - TimeSpan.FromTicks(1));
        Assert.False(flush.IsCompleted || cut.IsCancellationRequested);
        clock.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        Assert.True(cut.IsCancellationRequested && answer.IsOver);
    }

    [Fact]
    public async Task A_session_that_ends_ends_what_it_reads_also_while_nothing_is_taken()
    {
        var leaver = await veza.RegisterAsync("leaver");
        var session = (await leaver.GetAsync("/api/v1/sessions").JsonAsync()).Items().Single().Id();
        using var answer = await OpenAsync(new ManualTime(), out var cut, new(leaver.Id, session, false));
        answer.Body.Advance(Fill(answer.Body));
        var flush = answer.FlushAsync().AsTask();
        Assert.False(answer.IsOver);
        await leaver.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        Assert.True(answer.IsOver);
        Assert.False(cut.IsCancellationRequested);
    }

    [Fact]
    public async Task A_chart_is_followed_no_longer_than_the_session_goes_on()
    {
        var leaver = await veza.RegisterAsync("leaver");
        var key = await leaver
            .PostAsync("/api/v1/api-keys", new { name = "bot", scopes = new[] { "charts:read" } })
            .JsonAsync(HttpStatusCode.Created);
        var bot = new Person(veza, leaver.Id, "", key.GetProperty("key").GetString());
        using var person = await EventSource.OpenAsync(leaver, "/api/v1/charts/top/live");
        using var program = await EventSource.OpenAsync(bot, "/api/v1/charts/trending/live");
        await leaver.DeleteAsync($"/api/v1/api-keys/{key.Id()}").JsonAsync();
        await EndsAsync(program);
        await leaver.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await EndsAsync(person);

        static async Task EndsAsync(EventSource events)
        {
            var (kind, data) = await events.NextAsync();
            // Plays of other tests change it meanwhile.
            while (kind == "chart")
                (kind, data) = await events.NextAsync();
            Assert.Equal(("closed", "session_ended"), (kind, data.GetProperty("reason").GetString()));
        }
    }

    /// <summary>An answer without a reader: a pipe that is full after the first flush.</summary>
    private Task<LongAnswer> OpenAsync(TimeProvider clock, out CancellationToken cut, LiveCaller? caller = null)
    {
        var http = new DefaultHttpContext();
        var connection = new Connection();
        http.Features.Set<IHttpRequestLifetimeFeature>(connection);
        http.Features.Set<IHttpResponseBodyFeature>(new Unread());
        cut = connection.RequestAborted;
        return OpenedAsync();

        async Task<LongAnswer> OpenedAsync()
        {
            var session = await veza
                .Running.App.Services.GetRequiredService<OpenSessions>()
                .TryOpenAsync(
                    caller ?? new(Guid.CreateVersion7(), Guid.CreateVersion7(), false),
                    TestContext.Current.CancellationToken
                );
            return LongAnswer.Open(http, session!, Limits, clock, CancellationToken.None);
        }
    }

    private static int Fill(PipeWriter body)
    {
        body.GetSpan(LongAnswer.FlushBytes).Clear();
        return LongAnswer.FlushBytes;
    }

    private static IEnumerable<string> Named(IEnumerable<(string Method, RouteEndpoint Endpoint)> endpoints) =>
        endpoints.Select(e => $"{e.Method} {e.Endpoint.RoutePattern.RawText!.Trim('/')}").Order(StringComparer.Ordinal);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Directory.Packages.props")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private sealed class Connection : IHttpRequestLifetimeFeature
    {
        private readonly CancellationTokenSource _aborted = new();

        public CancellationToken RequestAborted
        {
            get => _aborted.Token;
            set => throw new NotSupportedException();
        }

        public void Abort() => _aborted.Cancel();
    }

    private sealed class Unread : IHttpResponseBodyFeature
    {
        private readonly Pipe _pipe = new(
            new(pauseWriterThreshold: LongAnswer.FlushBytes, resumeWriterThreshold: LongAnswer.FlushBytes / 2)
        );

        public PipeWriter Writer => _pipe.Writer;
        public Stream Stream => Writer.AsStream();

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering() { }

        public Task SendFileAsync(
            string path,
            long offset,
            long? count,
            CancellationToken cancellationToken = default
        ) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
