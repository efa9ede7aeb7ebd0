using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Auth;
using Veza.EventStore.Database;
using Veza.EventStore.Personal;
using Veza.EventStore.Postgres;

namespace Veza.Integration.Tests.Configuration;

/// <summary>JWT_SECRET and ENCRYPTION_KEY are replaced node by node, as docs/operations/secrets.md says.</summary>
public sealed class SecretReplacementTests : IAsyncLifetime
{
    private const string FormerSecret = "q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sPa";
    private const string NextSecret = "aP0sL6gF2dJ5hY9cW3mB7tK1xN4vrZ8q";
    private const string FormerKey = "k1xN4vrZ8qaP0sL6gF2dJ5hY9cW3mB7t";
    private const string NextKey = "t7Bm3Wc9Yh5Jd2Fg6Ls0PaqZ8rv4Nx1K";
    private const string Password = "correct horse battery";

    private readonly string _home = Directory.CreateTempSubdirectory("veza-secrets-").FullName;
    private LocalPostgres _postgres = null!;

    public async ValueTask InitializeAsync() => _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);

    public async ValueTask DisposeAsync()
    {
        await _postgres.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task Both_secrets_are_replaced_and_sessions_second_factors_and_texts_survive()
    {
        string name,
            access,
            refresh,
            recovery;
        Guid general;
        await using (var former = await StartAsync(("JWT_SECRET", FormerSecret), ("ENCRYPTION_KEY", FormerKey)))
        {
            using var http = Client(former);
            name = $"ada{Guid.CreateVersion7():N}"[..20];
            var account = await JsonAsync(
                http.PostAsJsonAsync(
                    "/api/v1/accounts",
                    new
                    {
                        userName = name,
                        email = $"{name}@example.org",
                        password = Password,
                    }
                )
            );
            (access, refresh) = Tokens(account);
            Authenticate(http, access);
            var begun = await JsonAsync(
                http.PostAsJsonAsync("/api/v1/accounts/me/two-factor", new { password = Password })
            );
            var factors = former.App.Services.GetRequiredService<TwoFactors>();
            var step = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds;
            var code = Totp.Code(factors.Secret(begun.GetProperty("id").GetGuid()), step);
            var codes = await JsonAsync(http.PostAsJsonAsync("/api/v1/accounts/me/two-factor/confirm", new { code }));
            recovery = codes.GetProperty("recoveryCodes")[0].GetString()!;
            var community = await JsonAsync(http.PostAsJsonAsync("/api/v1/communities", new { name = "Rotors" }));
            general = community.GetProperty("generalChannelId").GetGuid();
            await JsonAsync(http.PostAsJsonAsync($"/api/v1/channels/{general}/messages", new { text = "kept" }));
        }

        // Step 1 accepts the next secrets; step 2 uses them. Nodes of both serve at the same time.
        await using (
            var accepting = await StartAsync(
                ("JWT_SECRET", FormerSecret),
                ("JWT_SECRET_ACCEPTED", NextSecret),
                ("ENCRYPTION_KEY", FormerKey),
                ("ENCRYPTION_KEY_ACCEPTED", NextKey)
            )
        )
        await using (
            var using_ = await StartAsync(
                ("JWT_SECRET", NextSecret),
                ("JWT_SECRET_ACCEPTED", FormerSecret),
                ("ENCRYPTION_KEY", NextKey),
                ("ENCRYPTION_KEY_ACCEPTED", FormerKey)
            )
        )
        {
            using var old = Client(accepting);
            using var next = Client(using_);
            Authenticate(next, access);
            Assert.Equal("kept", await NewestAsync(next, general));
            var renewed = await JsonAsync(
                next.PostAsJsonAsync("/api/v1/sessions/refresh", new { refreshToken = refresh })
            );
            (access, refresh) = Tokens(renewed);
            Authenticate(old, access);
            Assert.Equal("kept", await NewestAsync(old, general));
            await JsonAsync(old.PostAsJsonAsync($"/api/v1/channels/{general}/messages", new { text = "still" }));

            await using var database = DataSources.ForCommand(_postgres.ConnectionString, "rotation");
            var found = await new KeyRotation(
                database,
                VezaServer
                    .Settings(_home, ("ENCRYPTION_KEY", NextKey), ("ENCRYPTION_KEY_ACCEPTED", FormerKey))
                    .KeyWrapping()
            ).RotateAsync(_ => { }, default);
            Assert.Equal(0, found.Unreadable);
            Assert.True(found.Accepted > 0);
        }

        await using var last = await StartAsync(("JWT_SECRET", NextSecret), ("ENCRYPTION_KEY", NextKey));
        using var client = Client(last);
        Authenticate(client, access);
        Assert.Equal("still", await NewestAsync(client, general));
        // The renewed session is of the next secret, and so is not ended.
        await JsonAsync(client.PostAsJsonAsync("/api/v1/sessions/refresh", new { refreshToken = refresh }));
        // The code was made under the former key.
        await JsonAsync(
            client.PostAsJsonAsync(
                "/api/v1/sessions",
                new
                {
                    name,
                    password = Password,
                    code = recovery,
                }
            )
        );
    }

    [Fact]
    public async Task A_node_with_another_key_does_not_start()
    {
        await using (await StartAsync(("JWT_SECRET", FormerSecret), ("ENCRYPTION_KEY", FormerKey))) { }
        var refused = await Assert.ThrowsAsync<System.Security.Cryptography.CryptographicException>(() =>
            StartAsync(("JWT_SECRET", FormerSecret), ("ENCRYPTION_KEY", NextKey))
        );
        Assert.Contains("wrapped with another secret", refused.Message, StringComparison.Ordinal);
    }

    private Task<RunningVeza> StartAsync(params (string Name, string Value)[] secrets) =>
        VezaHost.StartAsync(
            VezaServer.Settings(_home, secrets),
            _postgres.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

    private static HttpClient Client(RunningVeza veza) => new() { BaseAddress = new(veza.Address) };

    private static void Authenticate(HttpClient http, string access) =>
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access);

    private static (string Access, string Refresh) Tokens(JsonElement session) =>
        (session.GetProperty("accessToken").GetString()!, session.GetProperty("refreshToken").GetString()!);

    private static async Task<string?> NewestAsync(HttpClient http, Guid channel)
    {
        string? newest = null;
        // Another node wrote it, so the read model may follow in a moment.
        await Eventually.TrueAsync(async () =>
        {
            var page = await JsonAsync(http.GetAsync($"/api/v1/channels/{channel}/messages"));
            var items = page.GetProperty("items");
            newest = items.GetArrayLength() == 0 ? null : items[0].GetProperty("text").GetString();
            return newest is not null;
        });
        return newest;
    }

    private static async Task<JsonElement> JsonAsync(Task<HttpResponseMessage> asked)
    {
        using var answer = await asked;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
