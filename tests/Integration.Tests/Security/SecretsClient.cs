using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api;
using Veza.Api.Auth;

namespace Veza.Integration.Tests.Security;

/// <summary>A client that sends marked secrets to every endpoint that takes one, and records the refusals.</summary>
/// <param name="secrets">Receives each secret that the product hands out.</param>
internal sealed class SecretsClient(RunningVeza node, SecretsRecorder recorder, HashSet<string> secrets) : IDisposable
{
    public const string Password = "marked-password-of-ada";
    public const string WrongPassword = "marked-password-that-is-wrong";
    public const string NewPassword = "marked-password-that-is-new";

    private readonly HttpClient _http = new();

    /// <summary>Accepted, refused and malformed sign-ins and registrations.</summary>
    public async Task SignInsAsync()
    {
        var session = await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new
            {
                name = "ada",
                password = Password,
                device = "phone",
            },
            HttpStatusCode.Created,
            key: "sign in"
        );
        Secret(session.GetProperty("accessToken"));
        Secret(session.GetProperty("refreshToken"));
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new { name = "ada", password = WrongPassword },
            HttpStatusCode.Unauthorized
        );
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new { name = "ada", password = new { value = Password } },
            HttpStatusCode.BadRequest
        );
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new
            {
                name = "ada",
                password = Password,
                device = "two\nlines",
            },
            HttpStatusCode.BadRequest
        );
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts",
            null,
            new
            {
                userName = "!",
                email = "no address",
                password = Password,
            },
            HttpStatusCode.BadRequest
        );
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts",
            null,
            new
            {
                userName = "ada",
                email = "ada@example.org",
                password = Password,
            },
            HttpStatusCode.Conflict
        );
        using var cut = new StringContent(
            $$"""{"name":"ada","password":"{{Password}}" "code":""",
            Encoding.UTF8,
            "application/json"
        );
        await SendAsync(HttpMethod.Post, "/api/v1/sessions", null, cut);
        using var text = new StringContent(
            $"name=ada&password={Password}",
            Encoding.UTF8,
            "application/x-www-form-urlencoded"
        );
        await SendAsync(HttpMethod.Post, "/api/v1/sessions", null, text);
    }

    /// <returns>The access token that replaces the first.</returns>
    public async Task<string> RefreshesAsync(string refresh)
    {
        var session = await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new { name = "ada", password = Password },
            HttpStatusCode.Created
        );
        var carried = await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions/refresh",
            null,
            new { refreshToken = Secret(session.GetProperty("refreshToken")) },
            HttpStatusCode.OK
        );
        Secret(carried.GetProperty("accessToken"));
        Secret(carried.GetProperty("refreshToken"));
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions/refresh",
            null,
            new { refreshToken = session.GetProperty("refreshToken").GetString() },
            HttpStatusCode.Unauthorized
        );
        var next = await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions/refresh",
            null,
            new { refreshToken = refresh },
            HttpStatusCode.OK
        );
        Secret(next.GetProperty("refreshToken"));
        return Secret(next.GetProperty("accessToken"));
    }

    public async Task<(string ApiKey, (Guid Id, string Key) Stream)> KeysAsync(string access)
    {
        var made = await AskAsync(
            HttpMethod.Post,
            "/api/v1/api-keys",
            access,
            new { name = "bot", scopes = new[] { "live:read", "accounts:read" } },
            HttpStatusCode.Created,
            key: "api key"
        );
        var apiKey = Secret(made.GetProperty("key"));
        var broadcast = await AskAsync(
            HttpMethod.Post,
            "/api/v1/broadcasts",
            access,
            new { title = "Late show" },
            HttpStatusCode.Created,
            key: "broadcast"
        );
        return (apiKey, (broadcast.Id(), Secret(broadcast.GetProperty("ingest").GetProperty("key"))));
    }

    public async Task TwoFactorAsync(string access)
    {
        var begun = await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts/me/two-factor",
            access,
            new { password = Password },
            HttpStatusCode.Created,
            key: "two factor"
        );
        Secret(begun.GetProperty("secret"));
        var secret = node.App.Services.GetRequiredService<TwoFactors>().Secret(begun.Id());
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts/me/two-factor/confirm",
            access,
            new { code = "000000x" },
            HttpStatusCode.Forbidden
        );
        var code = Totp.Code(secret, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds);
        var confirmed = await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts/me/two-factor/confirm",
            access,
            new { code },
            HttpStatusCode.OK,
            key: "confirm"
        );
        var recovery = confirmed.GetProperty("recoveryCodes").EnumerateArray().Select(Secret).ToArray();
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new
            {
                name = "ada",
                password = Password,
                code = recovery[0],
            },
            HttpStatusCode.Created
        );
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new
            {
                name = "ada",
                password = Password,
                code = recovery[0],
            },
            HttpStatusCode.Unauthorized
        );
        await AskAsync(
            HttpMethod.Put,
            "/api/v1/accounts/me/password",
            access,
            new { currentPassword = WrongPassword, newPassword = NewPassword },
            HttpStatusCode.Forbidden
        );
        await AskAsync(
            HttpMethod.Put,
            "/api/v1/accounts/me/password",
            access,
            new { currentPassword = Password, newPassword = NewPassword },
            HttpStatusCode.OK,
            key: "password"
        );
    }

    /// <summary>Tokens in a query string, and altered ones.</summary>
    public async Task MisplacedTokensAsync(string access, string apiKey)
    {
        foreach (var token in new[] { access, apiKey })
        {
            await SendAsync(
                HttpMethod.Post,
                $"/hubs/live/negotiate?negotiateVersion=1&access_token={token}",
                null,
                null
            );
            await SendAsync(HttpMethod.Get, $"/hubs/live?access_token={token}", null, null);
            await SendAsync(HttpMethod.Get, $"/hubs/live?id=x&access_token={token}", token, null);
            await SendAsync(HttpMethod.Get, "/api/v1/feed", token[..^2] + "AA", null);
            await SendAsync(HttpMethod.Get, "/api/v1/feed?limit=x", token, null);
            await SendAsync(HttpMethod.Delete, "/api/v1/feed", token, null);
            using (await Live.WebSocketPeer.OpenAsync(node.Address, token)) { }
        }
    }

    /// <summary>Media tokens in the address of sound that is not there, whole and altered.</summary>
    /// <returns>The token.</returns>
    public async Task<string> MediaTokenAsync(string access)
    {
        var answer = await AskAsync(HttpMethod.Post, "/api/v1/media-tokens", access, null, HttpStatusCode.OK);
        var token = Secret(answer.GetProperty("token"));
        foreach (var text in new[] { token, token[..^1] })
        foreach (var path in new[] { $"/api/v1/tracks/{Guid.CreateVersion7()}/audio", "/api/v1/feed" })
            await SendAsync(HttpMethod.Get, $"{path}?token={text}", null, null);
        return token;
    }

    public async Task StreamsAsync((Guid Id, string Key) stream)
    {
        foreach (var key in new[] { stream.Key, WrongPassword })
        {
            var authorization = Convert.ToBase64String(Encoding.UTF8.GetBytes($"source:{key}"));
            foreach (var type in new[] { "text/plain", "audio/mpeg" })
            {
                using var source = await RawHttp.OpenAsync(node.Address);
                await source.SendAsync(
                    Encoding.ASCII.GetBytes(
                        $"PUT /live/{stream.Id} HTTP/1.1\r\nHost: x\r\n"
                            + $"Authorization: Basic {authorization}\r\nContent-Type: {type}\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"
                    )
                );
                recorder.Keep($"refusal {await source.ReadToEndAsync()}");
            }
        }
    }

    /// <param name="operatorFile">The file in which the first start leaves the operator's password.</param>
    public async Task ResetAsync(Guid ada, JsonElement operatorFile)
    {
        var session = await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new { name = "operator", password = Secret(operatorFile.GetProperty("password")) },
            HttpStatusCode.Created
        );
        var issued = await AskAsync(
            HttpMethod.Post,
            $"/api/v1/accounts/{ada}/password-reset",
            Secret(session.GetProperty("accessToken")),
            null,
            HttpStatusCode.Created
        );
        Secret(session.GetProperty("refreshToken"));
        var token = Secret(issued.GetProperty("token"));
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts/password-reset",
            null,
            new { token, newPassword = "short" },
            HttpStatusCode.BadRequest
        );
    }

    /// <summary>The same secrets while the tables that their requests need are missing.</summary>
    public async Task FaultsAsync(string access, string apiKey, string mediaToken)
    {
        await AskAsync(
            HttpMethod.Get,
            $"/api/v1/tracks/{Guid.CreateVersion7()}/audio?token={mediaToken}",
            null,
            null,
            HttpStatusCode.InternalServerError
        );
        foreach (var token in new[] { access, apiKey })
            await AskAsync(HttpMethod.Get, "/api/v1/accounts/me", token, null, HttpStatusCode.InternalServerError);
        await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new { name = "ada", password = NewPassword },
            HttpStatusCode.InternalServerError
        );
        using var register = JsonContent.Create(
            new
            {
                userName = "bob",
                email = "bob@example.org",
                password = NewPassword,
            }
        );
        await SendAsync(HttpMethod.Post, "/api/v1/accounts", null, register);
    }

    /// <summary>Adds the text to the secrets that must not appear.</summary>
    public string Secret(JsonElement value)
    {
        var text = value.GetString()!;
        secrets.Add(text);
        return text;
    }

    public async Task<JsonElement> AskAsync(
        HttpMethod method,
        string path,
        string? token,
        object? body,
        HttpStatusCode expected,
        string? key = null
    )
    {
        using var content = body is null ? null : JsonContent.Create(body, body.GetType());
        using var answer = await SendAsync(method, path, token, content, key);
        return await answer.JsonAsync(expected);
    }

    /// <summary>Records each refusal with its headers.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? token,
        HttpContent? content,
        string? key = null
    )
    {
        using var request = new HttpRequestMessage(method, node.Address + path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        var answer = await _http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
            recorder.Keep($"refusal {answer}\n{await answer.Content.ReadAsStringAsync()}");
        return answer;
    }

    public void Dispose() => _http.Dispose();
}
