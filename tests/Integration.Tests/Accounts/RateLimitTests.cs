using System.Collections.Frozen;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Veza.Api.Http;

namespace Veza.Integration.Tests.Accounts;

public sealed class RateLimitTests : IAsyncLifetime
{
    /// <summary>So few that no permit returns while a test runs: one every twenty seconds.</summary>
    private const int PerMinute = 3;

    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddRateLimits(PerMinute);
        builder.Services.AddProblemDetails();
        _app = builder.Build();
        _app.Use(
            (context, next) =>
            {
                if (Guid.TryParse(context.Request.Headers["Account"], out var account))
                    context.User = new CallerPrincipal(new(account, account, FrozenSet<string>.Empty));
                return next(context);
            }
        );
        _app.UseRateLimits();
        _app.MapGet("/api/v1/x", () => "x");
        _app.MapGet("/api/v1/past", () => "x").WithMetadata(new AsOf.Askable());
        _app.MapGet("/health/live", () => "x").WithMetadata(new WatchesProcess());
        _app.MapGet("/metrics/{more?}", () => "x");
        await _app.StartAsync();
        _http = new() { BaseAddress = new(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Answers_say_how_many_requests_are_left()
    {
        for (var left = PerMinute - 1; left >= 0; left--)
        {
            var answer = await GetAsync("/api/v1/x");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(("3", $"{left}", $"{(PerMinute - left) * 20}"), Headers(answer));
        }
    }

    [Fact]
    public async Task One_request_too_many_gets_a_Retry_After()
    {
        for (var i = 0; i < PerMinute; i++)
            await GetAsync("/api/v1/x");
        var answer = await GetAsync("/api/v1/x");
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(("3", "0", "60"), Headers(answer));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        var problem = JsonDocument
            .Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
            .RootElement;
        Assert.Equal("/problems/too_fast", problem.GetProperty("type").GetString());
        Assert.Equal("RATE_LIMIT_PER_MINUTE is 3 requests a minute", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Every_account_has_a_bucket_of_its_own()
    {
        var (one, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        for (var i = 0; i < PerMinute; i++)
            await GetAsync("/api/v1/x", one);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await GetAsync("/api/v1/x", one)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/api/v1/x", other)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/api/v1/x")).StatusCode);
    }

    [Fact]
    public async Task A_read_as_of_the_past_takes_more_and_is_refused_where_a_plain_one_is_not()
    {
        // A bucket smaller than the cost gives all it has.
        Assert.True(RateLimits.AsOfPermits > PerMinute);
        var (one, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var answer = await GetAsync("/api/v1/past?asOf=1", one);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(("3", "0", "60"), Headers(answer));

        Assert.Equal(("3", "2", "20"), Headers(await GetAsync("/api/v1/past", other)));
        answer = await GetAsync("/api/v1/past?asOf=1", other);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(("3", "1", "40"), Headers(answer));
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
        var problem = JsonDocument
            .Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
            .RootElement;
        Assert.Equal(
            $"RATE_LIMIT_PER_MINUTE is 3 requests a minute; a point-in-time query counts as {RateLimits.AsOfPermits}",
            problem.GetProperty("detail").GetString()
        );
        // An endpoint that cannot answer as of the past is charged as a plain one.
        answer = await GetAsync("/api/v1/x?asOf=1", other);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(("3", "0", "60"), Headers(answer));
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/HEALTH/live/")]
    public async Task Requests_of_monitoring_have_their_own_bucket(string path)
    {
        for (var i = 0; i < PerMinute + 1; i++)
        {
            var answer = await GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.False(answer.Headers.Contains("RateLimit-Limit"));
        }
        Assert.Equal(("3", "2", "20"), Headers(await GetAsync("/api/v1/x")));
    }

    [Fact]
    public async Task And_that_bucket_can_be_emptied()
    {
        HttpResponseMessage answer;
        var asked = 0;
        do answer = await GetAsync("/health/live");
        while (answer.StatusCode == HttpStatusCode.OK && ++asked < 100 * RateLimits.WatchesPerMinute);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.True(asked >= RateLimits.WatchesPerMinute);
        Assert.Contains(
            "600 requests a minute",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/metrics/x")]
    [InlineData("/health/nothing")]
    public async Task An_address_that_only_looks_like_a_watchers_is_counted_as_any_other(string path)
    {
        for (var i = 0; i < PerMinute; i++)
            await GetAsync(path);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await GetAsync(path)).StatusCode);
    }

    private Task<HttpResponseMessage> GetAsync(string path, Guid? account = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (account is not null)
            request.Headers.Add("Account", account.ToString());
        return _http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static (string, string, string) Headers(HttpResponseMessage answer) =>
        (
            answer.Headers.GetValues("RateLimit-Limit").Single(),
            answer.Headers.GetValues("RateLimit-Remaining").Single(),
            answer.Headers.GetValues("RateLimit-Reset").Single()
        );
}
