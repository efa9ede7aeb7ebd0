using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;

namespace Veza.Integration.Tests.Security;

/// <summary>Runs alone, because it measures the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>
/// Unauthenticated clients send more requests than they may. Others are still served, and no memory stays behind. On
/// its own node with the default limit.
/// </summary>
[Collection(nameof(Alone))]
public sealed class FloodTests(VezaServer server, ITestOutputHelper output)
{
    private const int AtOnce = 32;
    private const int PerMinute = 1000;

    /// <summary>
    /// Of the whole process, including this test's client. A leak would be some kilobytes for each request.
    /// </summary>
    private const long GrowthBytesMax = 16L << 20;

    /// <summary>A short form by default, a long one when VEZA_FAULTS is 1.</summary>
    private static readonly int Requests = Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1" ? 100_000 : 10_000;

    [Fact]
    public async Task Service_goes_on_for_who_is_signed_in_and_memory_stays()
    {
        await using var node = await VezaHost.StartAsync(
            VezaServer.Settings(server.Home, ("ROLES", "api"), ("RATE_LIMIT_PER_MINUTE", $"{PerMinute}")),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = AtOnce + 1 })
        {
            BaseAddress = new(node.Address),
        };
        var ada = await server.RegisterAsync("ada");
        await FloodAsync(http, 0, 500, []);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        using var done = new CancellationTokenSource();
        var served = ServeAsync(http, ada.AccessToken!, done.Token);
        var answers = new Dictionary<HttpStatusCode, int>();
        await FloodAsync(http, 500, Requests, answers);
        await done.CancelAsync();
        var count = await served;

        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine(
            $"{string.Join(", ", answers.OrderBy(a => a.Key).Select(a => $"{a.Value} times {(int)a.Key}"))}; "
                + $"{count} requests of others were served; {growth >> 10} KiB more than before"
        );
        Assert.All(answers.Keys, status =>
            Assert.Contains(
                status,
                (HttpStatusCode[])
                    [
                        HttpStatusCode.Unauthorized,
                        HttpStatusCode.TooManyRequests,
                        HttpStatusCode.NotFound,
                        HttpStatusCode.BadRequest,
                    ]
            )
        );
        Assert.True(
            answers.GetValueOrDefault(HttpStatusCode.TooManyRequests) > Requests / 4,
            "hardly anything was refused as too fast"
        );
        Assert.True(count > 10, $"only {count} requests of others were served meanwhile");
        Assert.True(growth < GrowthBytesMax, $"{growth:N0} bytes more are in use than before");
    }

    private static async Task FloodAsync(
        HttpClient http,
        int from,
        int requests,
        Dictionary<HttpStatusCode, int> answers
    )
    {
        var next = from;
        await Task.WhenAll(
            Enumerable
                .Range(0, AtOnce)
                .Select(async _ =>
                {
                    for (int i; (i = Interlocked.Increment(ref next)) <= from + requests; )
                    {
                        using var request = Request(i);
                        using var answer = await http.SendAsync(request);
                        lock (answers)
                            answers[answer.StatusCode] = answers.GetValueOrDefault(answer.StatusCode) + 1;
                    }
                })
        );
    }

    private static HttpRequestMessage Request(int i)
    {
        HttpRequestMessage request = (i % 5) switch
        {
            0 => new(HttpMethod.Get, "/api/v1/feed"),
            1 => new(HttpMethod.Get, $"/api/v1/nothing/{i}"),
            2 => new(HttpMethod.Post, "/api/v1/sessions/refresh")
            {
                Content = JsonContent.Create(new { refreshToken = $"invented {i}" }),
            },
            3 => new(HttpMethod.Post, "/api/v1/sessions")
            {
                Content = new StringContent("{", null, "application/json"),
            },
            _ => new(HttpMethod.Post, "/api/v1/communities") { Content = JsonContent.Create(new { name = "mine" }) },
        };
        if (i % 3 == 0)
            request.Headers.TryAddWithoutValidation(
                "Authorization",
                $"Bearer eyJhbGciOiJFUzI1NiJ9.{i}.{new string('a', 86)}"
            );
        if (i % 7 == 0)
            request.Headers.Add("Idempotency-Key", $"{i}");
        // Every second request claims one of many addresses, as a trusted proxy would report them.
        if (i % 2 == 0)
            request.Headers.Add("X-Forwarded-For", new IPAddress([10, 0, (byte)(i >> 8), (byte)i]).ToString());
        return request;
    }

    /// <returns>The number of answered requests; each one succeeded.</returns>
    private static async Task<int> ServeAsync(HttpClient http, string token, CancellationToken done)
    {
        var count = 0;
        // Fewer than one account's limit per minute.
        for (; count < PerMinute / 2 && !done.IsCancellationRequested; count++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/accounts/me");
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await http.SendAsync(request, CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        return count;
    }
}
