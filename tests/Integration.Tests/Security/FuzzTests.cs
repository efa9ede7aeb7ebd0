using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Veza.Api.Auth;
using Veza.Api.Live.Broadcasts;
using Veza.Integration.Tests.Live.Broadcasts;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Sends random input to our own parsers of untrusted bytes: tokens, JSON bodies, content types and the head of a
/// source. Nothing crashes, hangs or answers 5xx, and no forged credential is accepted.
/// </summary>
/// <remarks>Each test prints its seed; VEZA_FAULTS_SEED repeats a run.</remarks>
public sealed class FuzzTests(VezaServer veza, ITestOutputHelper output)
{
    /// <summary>A short form by default, a long one when VEZA_FAULTS is 1.</summary>
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(
        Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1" ? 60 : 2
    );

    /// <summary>Bounds one round of any test. Only a hang takes so long.</summary>
    private static readonly TimeSpan HangsAfter = TimeSpan.FromSeconds(30);

    private const int AtOnce = 4;

    private Random Seeded()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("VEZA_FAULTS_SEED"), out var given)
            ? given
            : (int)(Stopwatch.GetTimestamp() & 0xFFFFFF);
        output.WriteLine($"VEZA_FAULTS_SEED={seed}");
        return new(seed);
    }

    [Fact]
    public void No_token_but_those_given_out_is_read()
    {
        var random = Seeded();
        var keys = new SigningKeys(Encoding.ASCII.GetBytes(new string('s', 40)), TimeProvider.System);
        var (access, refresh) = (new AccessTokens(keys, TimeProvider.System), new RefreshTokens(keys));
        var good = access.Issue(Guid.CreateVersion7(), Guid.CreateVersion7(), ["operator"]);
        var opaque = refresh.Make(Guid.CreateVersion7(), repeat: null).Text;
        var started = Stopwatch.GetTimestamp();
        var tried = 0;
        for (; Stopwatch.GetElapsedTime(started) < Time; tried++)
        {
            var (token, other) = (Mutations.OfText(good, random), Mutations.OfText(opaque, random));
            if (token != good)
                Assert.Null(access.Read(token, out _));
            if (other != opaque)
                Assert.Null(refresh.Read(other));
            // A valid signature over broken claims: without one, the claims are not parsed at all.
            var claims = Encoding.UTF8.GetBytes(Mutations.OfText(Claims, random));
            if (access.Read(Jws.Sign(keys.Current, "at+jwt", claims), out var fault) is { } read)
                Assert.True(read.GoodUntil > DateTimeOffset.UnixEpoch);
            else
                Assert.NotEqual(TokenFault.None, fault);
        }
        output.WriteLine($"{tried} tokens of each kind");
        Assert.NotNull(access.Read(good, out _));
    }

    [Fact]
    public async Task No_body_is_a_fault()
    {
        var random = Seeded();
        var eve = await veza.RegisterAsync("eve");
        var examples = await ExamplesAsync();
        var answers = new Dictionary<HttpStatusCode, int>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            Enumerable
                .Range(0, AtOnce)
                .Select(async _ =>
                {
                    Random own;
                    lock (random)
                        own = new(random.Next());
                    while (Stopwatch.GetElapsedTime(started) < Time)
                    {
                        var (method, path, example) = examples[own.Next(examples.Count)];
                        var body = Mutations.OfText(example, own);
                        using var content = new ByteArrayContent(
                            own.Next(8) == 0
                                ? Mutations.OfBytes(Encoding.UTF8.GetBytes(body), own)
                                : Encoding.UTF8.GetBytes(body)
                        );
                        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                        // Some are failed sign-ins. Each has its own address, so that the throttle does not slow other
                        // tests.
                        using var answer = await eve.SendAsync(
                                method,
                                path,
                                content,
                                ("X-Forwarded-For", new IPAddress(Guid.CreateVersion7().ToByteArray()).ToString())
                            )
                            .WaitAsync(HangsAfter);
                        Assert.True(
                            (int)answer.StatusCode < 500,
                            $"{method} {path} answered {(int)answer.StatusCode} to {body}"
                        );
                        await answer.Content.LoadIntoBufferAsync();
                        lock (answers)
                            answers[answer.StatusCode] = answers.GetValueOrDefault(answer.StatusCode) + 1;
                    }
                })
        );
        output.WriteLine(string.Join(", ", answers.OrderBy(a => a.Key).Select(a => $"{a.Value} times {(int)a.Key}")));
        Assert.True(
            answers.GetValueOrDefault(HttpStatusCode.BadRequest) > 0,
            "nothing was refused, so nothing was tried"
        );
        await eve.GetAsync("/api/v1/accounts/me").JsonAsync();
    }

    [Fact]
    public async Task No_content_type_is_a_fault()
    {
        var random = Seeded();
        var eve = await veza.RegisterAsync("eve");
        var examples = await ExamplesAsync();
        string[] types =
        [
            "application/json; charset=utf-8",
            "application/json;charset=\"utf-8\"",
            "multipart/form-data; boundary=\"x\"; charset=utf-7",
            "application/problem+json; charset=bogus; q=1",
        ];
        var started = Stopwatch.GetTimestamp();
        var refused = 0;
        while (Stopwatch.GetElapsedTime(started) < Time)
        {
            var (method, path, body) =
                random.Next(4) == 0
                    ? (HttpMethod.Post, "/api/v1/tracks", "--x--")
                    : examples[random.Next(examples.Count)];
            var type = Mutations.OfText(types[random.Next(types.Length)], random);
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (!content.Headers.TryAddWithoutValidation("Content-Type", type))
                continue;
            HttpResponseMessage answer;
            // The HTTP client refuses to send some of them.
            try
            {
                answer = await eve.SendAsync(
                        method,
                        path,
                        content,
                        ("X-Forwarded-For", new IPAddress(Guid.CreateVersion7().ToByteArray()).ToString())
                    )
                    .WaitAsync(HangsAfter);
            }
            catch (HttpRequestException)
            {
                continue;
            }
            using (answer)
            {
                Assert.True(
                    (int)answer.StatusCode < 500,
                    $"{method} {path} answered {(int)answer.StatusCode} to {Uri.EscapeDataString(type)}"
                );
                if (answer.StatusCode is HttpStatusCode.UnsupportedMediaType or HttpStatusCode.BadRequest)
                    refused++;
                await answer.Content.LoadIntoBufferAsync();
            }
        }
        output.WriteLine($"{refused} were refused");
        Assert.True(refused > 0, "nothing was refused, so nothing was tried");
    }

    [Fact]
    public void A_head_is_read_the_same_however_it_is_cut_up_and_never_throws()
    {
        var random = Seeded();
        var started = Stopwatch.GetTimestamp();
        var seen = new Dictionary<HeadVerdict, int>();
        while (Stopwatch.GetElapsedTime(started) < Time / 2)
        {
            var bytes = Mutations.OfBytes(Encoding.Latin1.GetBytes(Mutations.OfText(Head(random), random)), random);
            var whole = IcecastHead.Read(new(bytes), HeadBytesMax, out var head, out _);
            Assert.Equal(whole, IcecastHead.Read(Mutations.Cut(bytes, random), HeadBytesMax, out var again, out _));
            Assert.Equal((head?.Method, head?.Path), (again?.Method, again?.Path));
            _ = head?.Credentials();
            _ = head?.BroadcastId();
            seen[whole] = seen.GetValueOrDefault(whole) + 1;
        }
        output.WriteLine(string.Join(", ", seen.Select(s => $"{s.Value} times {s.Key}")));
        Assert.Contains(HeadVerdict.Source, seen.Keys);
        Assert.Contains(HeadVerdict.SomethingElse, seen.Keys);
    }

    [Fact]
    public async Task A_source_is_accepted_after_any_broken_one()
    {
        var random = Seeded();
        await using var host = await SourceHost.StartAsync(
            new() { HeadTimeLimit = TimeSpan.FromSeconds(1), IdleTimeLimit = TimeSpan.FromSeconds(1) }
        );
        var started = Stopwatch.GetTimestamp();
        var (tried, accepted) = (0, 0);
        await Task.WhenAll(
            Enumerable
                .Range(0, AtOnce)
                .Select(async _ =>
                {
                    Random own;
                    lock (random)
                        own = new(random.Next());
                    while (Stopwatch.GetElapsedTime(started) < Time / 2)
                    {
                        using var connection = await host.ConnectAsync();
                        try
                        {
                            var sent = Mutations.OfBytes(
                                Encoding.Latin1.GetBytes(Mutations.OfText(Head(own), own)),
                                own
                            );
                            await connection.SendAsync(sent);
                            // The others hang up in the middle of the head.
                            if (own.Next(4) > 0)
                            {
                                connection.Finish();
                                var answer = await connection.ReadToEndAsync().WaitAsync(HangsAfter);
                                Assert.False(
                                    answer.Split('\n')[0].Contains(" 500 ", StringComparison.Ordinal),
                                    $"{Uri.EscapeDataString(Encoding.Latin1.GetString(sent))} was answered {answer}"
                                );
                                if (answer.StartsWith("HTTP/1.0 200", StringComparison.Ordinal))
                                    Interlocked.Increment(ref accepted);
                            }
                        }
                        catch (IOException)
                        { /* The host may cut it while it sends or reads. */
                        }
                        Interlocked.Increment(ref tried);
                    }
                })
        );
        output.WriteLine($"{tried} sources");
        Assert.True(tried > 0);
        // No mount is open, so none may be accepted.
        Assert.Equal(0, accepted);
        var id = Guid.CreateVersion7();
        Assert.NotNull(host.Mounts.Open(id, Media.Live.BroadcastFormat.Mp3));
        using var good = await host.ConnectAsync();
        await good.SendAsync(
            $"SOURCE /live/{id} ICE/1.0\r\n{RawConnection.Authorization()}Content-Type: audio/mpeg\r\n\r\n"
        );
        Assert.StartsWith(
            "HTTP/1.0 200 OK",
            await good.ReadHeadAsync().WaitAsync(HangsAfter),
            StringComparison.Ordinal
        );
    }

    private const int HeadBytesMax = 4096;

    private const string Claims = """
        {"iss":"veza","aud":"veza","sub":"0198f5c0-0000-7000-8000-000000000000",
        "sid":"0198f5c0-0000-7000-8000-000000000001","iat":1795176000,"nbf":1795176000,"exp":1795176900,
        "roles":["user"],"scope":""}
        """;

    private static string Head(Random random) =>
        random.Next(5) switch
        {
            0 => $"SOURCE /live/{Guid.CreateVersion7()} ICE/1.0\r\n"
                + $"{RawConnection.Authorization()}content-type: audio/mpeg\r\nice-name: x\r\n\r\nsound",
            1 => $"PUT /live/{Guid.CreateVersion7()} HTTP/1.1\r\nHost: here\r\n"
                + $"{RawConnection.Authorization("wrong")}Content-Type: application/ogg\r\n"
                + "Expect: 100-continue\r\n\r\n",
            2 => $"PUT /live/{Guid.CreateVersion7()} HTTP/1.1\r\nHost: here\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n5\r\nsound\r\n0\r\n\r\n",
            3 => "PUT /live/" + new string('a', random.Next(10_000)),
            _ => "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n",
        };

    /// <summary>The example bodies of the OpenAPI document, with their endpoints.</summary>
    private async Task<List<(HttpMethod Method, string Path, string Body)>> ExamplesAsync()
    {
        var document = await veza.Anonymous.GetAsync("/openapi/v1.json").JsonAsync();
        var schemas = document.GetProperty("components").GetProperty("schemas");
        var examples = new List<(HttpMethod, string, string)>();
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        foreach (var operation in path.Value.EnumerateObject())
        {
            if (
                !operation.Value.TryGetProperty("requestBody", out var body)
                || !body.GetProperty("content").TryGetProperty("application/json", out var content)
            )
                continue;
            var schema = content.GetProperty("schema");
            if (schema.TryGetProperty("$ref", out var reference))
                schema = schemas.GetProperty(reference.GetString()!.Split('/')[^1]);
            // Hashing passwords would take most of the time, and one such body tests the same parser.
            var example = schema.GetProperty("examples")[0].GetRawText();
            if (
                example.Contains("assword", StringComparison.Ordinal)
                && examples.Count(e => e.Item3.Contains("assword", StringComparison.Ordinal)) > 0
            )
                continue;
            examples.Add(
                (
                    new(operation.Name.ToUpperInvariant()),
                    System.Text.RegularExpressions.Regex.Replace(
                        path.Name,
                        @"\{[^}]*\}",
                        "0198f5c0-0000-7000-8000-000000000000"
                    ),
                    example
                )
            );
        }
        Assert.True(examples.Count > 5, $"only {examples.Count} bodies are described");
        return examples;
    }
}
