using System.Buffers.Text;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Auth;
using Veza.Integration.Tests.Accounts;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Calls every endpoint of the server's list with every token that must not open it. A new endpoint is covered
/// automatically.
/// </summary>
public class EveryEndpointTests(VezaServer veza)
{
    /// <summary>The endpoints that any caller may use. Each addition opens the platform further.</summary>
    private static readonly string[] Open =
    [
        "GET /.well-known/jwks.json",
        "GET /api/v1/erasures/{accountId:guid}",
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
        "GET /live/{broadcastId:guid}",
        "GET /live/{broadcastId:guid}/source",
        "GET /metrics",
        "GET /openapi/{documentName}.json",
        "GET /ready",
        "GET /prove-email",
        "GET /reset-password",
        "POST /api/v1/accounts",
        "POST /api/v1/accounts/email/prove",
        "POST /api/v1/accounts/password-reset",
        "POST /api/v1/accounts/password-reset/request",
        "POST /api/v1/sessions",
        "POST /api/v1/sessions/refresh",
    ];

    private IEnumerable<(string Method, RouteEndpoint Endpoint)> Endpoints => Of(veza);

    /// <summary>Every endpoint that needs a sign-in.</summary>
    internal static IEnumerable<(string Method, RouteEndpoint Endpoint)> ClosedOf(VezaServer server) =>
        Of(server).Where(e => !IsOpen(e.Endpoint));

    private static IEnumerable<(string Method, RouteEndpoint Endpoint)> Of(VezaServer server) =>
        server
            .Running.App.Services.GetRequiredService<EndpointDataSource>()
            .Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e =>
                (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(m => (m, e))
            );

    private IEnumerable<(string Method, RouteEndpoint Endpoint)> Closed => ClosedOf(veza);

    private static bool IsOpen(RouteEndpoint e) =>
        e.Metadata.GetMetadata<IAllowAnonymous>() is not null
        || e.Metadata.GetMetadata<IAuthorizeData>() is null && e.Metadata.GetMetadata<AuthorizationPolicy>() is null;

    [Fact]
    public void Nothing_is_open_but_what_is_listed_as_open() =>
        Assert.Equal(
            Open.Order(),
            Endpoints
                .Where(e => IsOpen(e.Endpoint))
                .Select(e => $"{e.Method} /{e.Endpoint.RoutePattern.RawText!.Trim('/')}")
                .Distinct()
                .Order()
        );

    public static TheoryData<string> BadTokens =>
        [
            "none",
            "empty",
            "not bearer",
            "malformed",
            "expired",
            "of another audience",
            "of another issuer",
            "alg none",
            "of another key",
            "tampered",
            "revoked",
            "a refresh token",
            "of a revoked key",
            "of an erased account",
            "a key of an erased account",
            "of a suspended account",
            "a key of a suspended account",
        ];

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task No_endpoint_opens_to_a_bad_token(string kind)
    {
        var eve = await veza.RegisterAsync("eve");
        var header = await HeaderAsync(kind, eve);
        var head = await HeadAsync();
        var tried = 0;
        foreach (var (method, endpoint) in Closed)
        {
            var answer = await SendAsync(method, endpoint, header);
            Assert.True(
                answer.StatusCode == HttpStatusCode.Unauthorized,
                $"{kind}: {method} {endpoint.RoutePattern.RawText} answered {(int)answer.StatusCode}"
            );
            Assert.StartsWith("Bearer", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            tried++;
        }
        Assert.True(tried > 50, $"only {tried} endpoints are closed");
        Assert.Equal(0, await AppendedByAsync(eve.Id, head));
    }

    [Fact]
    public async Task No_endpoint_opens_to_a_key_without_its_scope()
    {
        var grantable = Scope.Grantable.Except([Scope.LogRead]).ToArray();
        foreach (var (method, endpoint) in Closed)
        {
            var needed = Needed(method, endpoint);
            var (owner, bot) = await KeyAsync(grantable.Where(s => s != needed).ToArray(), needed);
            var head = await HeadAsync();
            var answer = await SendAsync(method, endpoint, $"Bearer {bot}");
            Assert.True(
                answer.StatusCode == HttpStatusCode.Forbidden,
                $"{method} {endpoint.RoutePattern.RawText} answered {(int)answer.StatusCode} to a key without {needed}"
            );
            Assert.Equal(0, await AppendedByAsync(owner, head));
        }
    }

    [Fact]
    public async Task A_call_on_anothers_or_an_unknown_thing_changes_nothing()
    {
        var eve = await veza.RegisterAsync("eve");
        var head = await HeadAsync();
        foreach (
            var (method, endpoint) in Closed.Where(e =>
                e.Method is not "GET" and not "HEAD" && e.Endpoint.RoutePattern.Parameters.Count > 0
            )
        )
        {
            var answer = await SendAsync(method, endpoint, $"Bearer {eve.AccessToken}");
            Assert.True(
                (int)answer.StatusCode is >= 400 and < 500 || await IsIdleAsync(eve, head),
                $"{method} {endpoint.RoutePattern.RawText} answered {(int)answer.StatusCode}"
            );
        }
        Assert.Equal(0, await AppendedByAsync(eve.Id, head));
    }

    private async Task<bool> IsIdleAsync(Person person, long head) => await AppendedByAsync(person.Id, head) == 0;

    private readonly Dictionary<string, (Guid Owner, string Key)> _keys = [];

    /// <summary>
    /// One key for each missing scope. Each belongs to its own account, because there are more scopes than keys per
    /// account.
    /// </summary>
    private async Task<(Guid Owner, string Key)> KeyAsync(string[] scopes, string without)
    {
        if (scopes.Length == Scope.Grantable.Count - 1)
            without = "none";
        if (_keys.TryGetValue(without, out var known))
            return known;
        var owner = await veza.RegisterAsync("ada");
        var made = await owner
            .PostAsync("/api/v1/api-keys", new { name = "bot", scopes })
            .JsonAsync(HttpStatusCode.Created);
        return _keys[without] = (owner.Id, made.GetProperty("key").GetString()!);
    }

    internal static string Needed(string method, RouteEndpoint endpoint)
    {
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        http.Request.Method = method;
        http.Features.Set<Microsoft.AspNetCore.Http.Features.IEndpointFeature>(new Chosen { Endpoint = endpoint });
        return Scope.Of(http);
    }

    private async Task<string?> HeaderAsync(string kind, Person eve)
    {
        if (kind == "none")
            return null;
        if (kind == "empty")
            return "Bearer ";
        if (kind == "not bearer")
            return "Basic YWRhOmFkYQ==";
        if (kind == "malformed")
            return "Bearer not.a.token";
        var keys = veza.Running.App.Services.GetRequiredService<SigningKeys>();
        var parts = eve.AccessToken!.Split('.');
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!.AsObject();
        switch (kind)
        {
            case "expired":
                foreach (var time in new[] { "iat", "nbf", "exp" })
                    claims[time] = claims[time]!.GetValue<long>() - 3600;
                return Signed(claims);
            case "of another audience":
                claims["aud"] = "other";
                return Signed(claims);
            case "of another issuer":
                claims["iss"] = "other";
                return Signed(claims);
            case "alg none":
                return $"Bearer {Base64Url.EncodeToString("""{"alg":"none","typ":"at+jwt"}"""u8)}.{parts[1]}.";
            case "of another key":
                var others = new SigningKeys(Encoding.ASCII.GetBytes(new string('o', 40)), TimeProvider.System);
                return "Bearer "
                    + new AccessTokens(others, TimeProvider.System).Issue(
                        eve.Id,
                        Guid.CreateVersion7(),
                        ["operator", "analyst"]
                    );
            case "tampered":
                claims["roles"] = new JsonArray("operator");
                var payload = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()));
                return $"Bearer {parts[0]}.{payload}.{parts[2]}";
            case "revoked":
                await eve.DeleteAsync("/api/v1/sessions/current").JsonAsync();
                return "Bearer " + eve.AccessToken;
            case "of an erased account" or "a key of an erased account":
                var erasedKey = await KeyOfAsync(eve);
                await eve.EraseAsync().JsonAsync();
                return "Bearer " + (kind.StartsWith("a key", StringComparison.Ordinal) ? erasedKey : eve.AccessToken);
            case "of a suspended account" or "a key of a suspended account":
                var suspendedKey = await KeyOfAsync(eve);
                await (await veza.OperatorAsync())
                    .PutAsync($"/api/v1/accounts/{eve.Id}/suspension", new { reason = "a test" })
                    .JsonAsync();
                return "Bearer "
                    + (kind.StartsWith("a key", StringComparison.Ordinal) ? suspendedKey : eve.AccessToken);
            case "a refresh token":
                var session = await veza
                    .Anonymous.PostAsync(
                        "/api/v1/sessions",
                        new { name = eve.UserName, password = "correct horse battery" }
                    )
                    .JsonAsync(HttpStatusCode.Created);
                return "Bearer " + session.GetProperty("refreshToken").GetString();
            default:
                var made = await eve.PostAsync("/api/v1/api-keys", new { name = "bot", scopes = Scope.Grantable })
                    .JsonAsync(HttpStatusCode.Created);
                await eve.DeleteAsync($"/api/v1/api-keys/{made.Id()}").JsonAsync();
                return "Bearer " + made.GetProperty("key").GetString();
        }

        string Signed(JsonObject changed) =>
            "Bearer " + Jws.Sign(keys.Current, "at+jwt", JsonSerializer.SerializeToUtf8Bytes(changed));
    }

    private static async Task<string> KeyOfAsync(Person owner)
    {
        var made = await owner
            .PostAsync("/api/v1/api-keys", new { name = "bot", scopes = Scope.Grantable.Except([Scope.LogRead]) })
            .JsonAsync(HttpStatusCode.Created);
        return made.GetProperty("key").GetString()!;
    }

    private async Task<HttpResponseMessage> SendAsync(string method, RouteEndpoint endpoint, string? authorization)
    {
        var path =
            "/"
            + Regex.Replace(endpoint.RoutePattern.RawText!.Trim('/'), @"\{[^}]*\}", m =>
                m.Value.Contains("guid", StringComparison.Ordinal) ? Guid.CreateVersion7().ToString() : "x"
            );
        // Routing answers 415 before authentication.
        var type = endpoint
            .Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IAcceptsMetadata>()
            ?.ContentTypes[0];
        using var body =
            type is null && method is "GET" or "HEAD" or "DELETE" || method is "GET" or "HEAD"
                ? null
                : new StringContent("{}", Encoding.UTF8, type ?? "application/json");
        (string, string)[] headers = authorization is null ? [] : [("Authorization", authorization)];
        var answer = await veza.Anonymous.SendAsync(new(method), path, body, headers);
        // Read to its end, because an unread answer keeps its connection.
        await answer.Content.LoadIntoBufferAsync(TestContext.Current.CancellationToken);
        return answer;
    }

    private async Task<long> HeadAsync()
    {
        await veza.Running.Log.CatchUpAsync(TestContext.Current.CancellationToken);
        return veza.Running.Log.Head;
    }

    /// <summary>Events of the account since; other tests write meanwhile.</summary>
    private async Task<int> AppendedByAsync(Guid account, long after)
    {
        var head = await HeadAsync();
        if (head == after)
            return 0;
        var events = await veza.Running.Log.Reader.ReadAsync(
            after,
            head,
            100_000,
            null,
            null,
            TestContext.Current.CancellationToken
        );
        return events.Count(e => Guid.TryParse(e.By, out var by) && by == account);
    }

    private sealed class Chosen : Microsoft.AspNetCore.Http.Features.IEndpointFeature
    {
        public Microsoft.AspNetCore.Http.Endpoint? Endpoint { get; set; }
    }
}
