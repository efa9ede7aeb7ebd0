using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Alba;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.EventStore.Postgres;

namespace Veza.Integration.Tests.Http;

public class SurfaceTests(VezaEndpoints veza, VezaServer server) : IClassFixture<VezaEndpoints>
{
    [Theory]
    [InlineData("GET", "/api/v1/nothing", HttpStatusCode.NotFound, "not_found")]
    [InlineData("GET", "/api/v1/channels/no-id/messages", HttpStatusCode.NotFound, "not_found")]
    [InlineData("DELETE", "/api/v1/feed", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("POST", "/api/v1/communities", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type")]
    public async Task A_refusal_by_routing_is_a_problem_too(
        string method,
        string path,
        HttpStatusCode status,
        string code
    )
    {
        var ada = await veza.SharedAsync("ada");
        await veza.Scenario(ada, _ =>
        {
            if (method == "POST")
                _.Post.Text("x").ToUrl(path);
            else if (method == "DELETE")
                _.Delete.Url(path);
            else
                _.Get.Url(path);
            _.ShouldBeRefused(status, code, more: problem =>
                Assert.NotEmpty(problem.GetProperty("traceId").GetString()!)
            );
        });
    }

    [Theory]
    [InlineData("/api/v1/feed?before=zork", "before", "before is \"zork\"; it must be a whole number")]
    [InlineData(
        "/api/v1/channels/0198f5c0-0000-7000-8000-000000000000/messages?around=zork",
        "around",
        "around is \"zork\"; it must be an id, a UUID"
    )]
    [InlineData("/api/v1/broadcasts?live=zork", "live", "live is \"zork\"; it must be true or false")]
    public async Task A_parameter_that_cannot_be_read_is_named(string path, string field, string detail)
    {
        var ada = await veza.SharedAsync("ada");
        await veza.Scenario(ada, _ =>
        {
            _.Get.Url(path);
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", field, more: problem =>
                Assert.Equal(detail, problem.GetProperty("errors").GetProperty(field)[0].GetString())
            );
        });
    }

    [Theory]
    [InlineData("", "body")]
    [InlineData("null", "body")]
    [InlineData("{", "body")]
    [InlineData("[]", "body")]
    [InlineData("""{"name":{}}""", "name")]
    [InlineData("""{"name":"\ud800"}""", "name")]
    [InlineData(
        """{"name":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}""",
        "name"
    )]
    public async Task A_body_that_cannot_be_read_is_refused_without_naming_our_types(string body, string field)
    {
        var ada = await veza.SharedAsync("ada");
        await veza.Scenario(ada, _ =>
        {
            _.Post.RawJson(body).ToUrl("/api/v1/communities");
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", field);
            _.ContentShouldNotContain("Veza");
        });
    }

    [Fact]
    public async Task The_character_that_PostgreSQL_does_not_know_is_the_callers_fault()
    {
        var ada = await veza.SharedAsync("ada");
        await ada.GetAsync("/api/v1/charts/top?genre=%00").RefusedAsync(HttpStatusCode.BadRequest, "malformed");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = "a\0", password = "correct horse battery" })
            .RefusedAsync(HttpStatusCode.BadRequest, "malformed");
    }

    [Theory]
    [InlineData("/api/v1/communities", null)]
    [InlineData("/api/v1/communities", "key")]
    // The upload lifts the server's limit, but only for uploads.
    [InlineData("/api/v1/tracks", "key")]
    public async Task A_body_of_megabytes_is_too_large(string path, string? key)
    {
        var ada = await server.SharedAsync("ada");
        using var content = new StringContent(
            $$"""{"name":"{{new string('a', 1 << 20)}}"}""",
            Encoding.UTF8,
            "application/json"
        );
        (string, string)[] headers = key is null ? [] : [("Idempotency-Key", key)];
        var response = await ada.SendAsync(HttpMethod.Post, path, content, headers);
        // Routing may refuse first, because the upload takes no JSON.
        Assert.Contains(
            response.StatusCode,
            path.EndsWith("tracks", StringComparison.Ordinal)
                ? [HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.UnsupportedMediaType]
                : new[] { HttpStatusCode.RequestEntityTooLarge }
        );
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Headers_forbid_browsers_to_sniff_frame_or_run_an_answer()
    {
        await veza.Scenario(veza.Anonymous, _ =>
        {
            _.Get.Url("/api/v1/feed");
            _.StatusCodeShouldBe(HttpStatusCode.Unauthorized);
            _.Header("X-Content-Type-Options").SingleValueShouldEqual("nosniff");
            _.Header("X-Frame-Options").SingleValueShouldEqual("DENY");
            _.Header("Content-Security-Policy").SingleValueShouldMatch("^default-src 'none'");
        });
        await veza.Scenario(veza.Anonymous, _ =>
        {
            _.Get.Url("/docs/index.html");
            _.Header("Content-Security-Policy").ShouldNotBeWritten();
        });
    }

    [Fact]
    public async Task Every_operation_says_what_it_does_and_shows_a_body_if_it_takes_one()
    {
        var document = await (await veza.Anonymous.GetAsync("/openapi/v1.json")).JsonAsync();
        var schemas = document.GetProperty("components").GetProperty("schemas");
        var operations = 0;
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        foreach (var operation in path.Value.EnumerateObject())
        {
            operations++;
            var name = $"{operation.Name} {path.Name}";
            Assert.True(operation.Value.TryGetProperty("summary", out _), $"{name} has no summary");
            Assert.True(operation.Value.TryGetProperty("tags", out _), $"{name} has no tag");
            if (!operation.Value.TryGetProperty("requestBody", out var body))
                continue;
            foreach (var content in body.GetProperty("content").EnumerateObject())
            {
                var schema = content.Value.GetProperty("schema");
                if (schema.TryGetProperty("$ref", out var reference))
                    schema = schemas.GetProperty(reference.GetString()!.Split('/')[^1]);
                Assert.True(
                    schema.TryGetProperty("examples", out _),
                    $"the {content.Name} body of {name} has no example"
                );
            }
        }
        Assert.True(operations > 40);
    }

    [Fact]
    public async Task Only_the_origins_that_are_allowed_may_call()
    {
        var home = Directory.CreateTempSubdirectory("veza-test-").FullName;
        await using var postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);
        await using (
            var running = await VezaHost.StartAsync(
                VezaServer.Settings(home, ("ALLOWED_ORIGINS", "https://veza.example/")),
                postgres.ConnectionString,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        )
        {
            using var http = new HttpClient();
            Assert.Equal("https://veza.example", await AllowedAsync("https://veza.example"));
            Assert.Null(await AllowedAsync("https://evil.example"));

            async Task<string?> AllowedAsync(string origin)
            {
                using var preflight = new HttpRequestMessage(
                    HttpMethod.Options,
                    running.Address + "/api/v1/communities"
                );
                preflight.Headers.Add("Origin", origin);
                preflight.Headers.Add("Access-Control-Request-Method", "POST");
                preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
                var answer = await http.SendAsync(preflight, TestContext.Current.CancellationToken);
                return answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed)
                    ? allowed.Single()
                    : null;
            }
        }
        Directory.Delete(home, recursive: true);
    }
}
