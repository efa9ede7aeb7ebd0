using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.Api;
using Veza.Api.Auth;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.EventStore.Postgres;
using Wolverine.Runtime;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// The product with secrets that can be told from everything else, logging all it can, through good days and bad: none
/// of them is in what it says of itself or refuses with.
/// </summary>
public sealed class SecretsTests : IAsyncLifetime
{
    private const string Password = "marked-password-of-ada";
    private const string WrongPassword = "marked-password-that-is-wrong";
    private const string NewPassword = "marked-password-that-is-new";
    private const string PasswordHash = "marked-hash-of-a-password";
    private const string JwtSecret = "marked-jwt-key-0123456789abcdef0123456789";
    private const string EncryptionKey = "marked-encryption-key-0123456789abcdef012345";
    private const string DatabasePassword = "marked-database-password";

    private readonly string _home = Directory.CreateTempSubdirectory("veza-test-").FullName;
    private readonly Recorder _recorder = new();
    private readonly HashSet<string> _secrets =
    [
        Password,
        WrongPassword,
        NewPassword,
        PasswordHash,
        JwtSecret,
        EncryptionKey,
        DatabasePassword,
    ];
    private readonly HttpClient _http = new();
    private LocalPostgres _postgres = null!;
    private RunningVeza _node = null!;
    private ILoggerFactory _loggers = null!;
    private ActivityListener _activities = null!;
    private string _metrics = null!;

    public async ValueTask InitializeAsync()
    {
        _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);
        var settings = VezaServer.Settings(
            _home,
            ("JWT_SECRET", JwtSecret),
            ("ENCRYPTION_KEY", EncryptionKey),
            ("LOG_LEVEL", "trace"),
            // Its console goes on writing to where it wrote when it was made.
            ("LOG_FORMAT", "text")
        );
        _metrics = $"http://127.0.0.1:{settings.PrometheusPort}/metrics";
        // The standard output of the tests is not for all that the node says; what a provider is given is what is
        // printed.
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_recorder));
        _activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _recorder.Keep,
        };
        ActivitySource.AddActivityListener(_activities);
        // The private server asks for none, which makes one that is given no less of a secret.
        var connection = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString);
        if (string.IsNullOrEmpty(connection.Password))
            connection.Password = DatabasePassword;
        else
            _secrets.Add(connection.Password);
        var console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            _node = await VezaHost.StartAsync(settings, connection.ConnectionString, _loggers, CancellationToken.None);
        }
        finally
        {
            Console.SetOut(console);
        }
        _node.App.Services.GetRequiredService<ILoggerFactory>().AddProvider(_recorder);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _activities.Dispose();
        _loggers.Dispose();
        await _postgres.DisposeAsync();
        _http.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task No_secret_is_in_logs_traces_refusals_metrics_or_the_log_of_events()
    {
        var ada = await AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts",
            null,
            new
            {
                userName = "ada",
                email = "ada@example.org",
                password = Password,
            },
            HttpStatusCode.Created,
            key: "register"
        );
        var access = Secret(ada.GetProperty("accessToken"));
        var refresh = Secret(ada.GetProperty("refreshToken"));
        await SignInsAsync();
        access = await RefreshesAsync(refresh) ?? access;
        var (apiKey, stream) = await KeysAsync(access);
        await TwoFactorAsync(access);
        await WrongAsync(access, apiKey);
        await StreamsAsync(stream);
        await ResetAsync(ada.Id());
        var scraped = await _http.GetStringAsync(_metrics);
        await FaultsAsync(access, apiKey);
        await FaultOverTheBusAsync();
        scraped += await _http.GetStringAsync(_metrics);

        Assert.True(_recorder.Count > 100, $"only {_recorder.Count} things were recorded");
        Assert.Contains(_recorder.Lines, line => line.Contains("/api/v1/accounts/me failed", StringComparison.Ordinal));
        Assert.Contains(_recorder.Lines, line => line.StartsWith("activity", StringComparison.Ordinal));
        Assert.Contains("veza_http_refusals", scraped, StringComparison.Ordinal);
        var events = await EventsAsync();
        Assert.Contains("account_registered", events, StringComparison.Ordinal);
        foreach (var secret in _secrets)
        {
            foreach (var line in _recorder.Lines)
                Assert.False(Tells(line, secret), $"{secret} is in: {line[..Math.Min(line.Length, 600)]}");
            Assert.False(Tells(scraped, secret), $"{secret} is in the metrics");
            Assert.False(Tells(events, secret), $"{secret} is in the log of events");
        }
    }

    [Fact]
    public void A_secret_is_found_however_it_is_written()
    {
        Assert.True(Tells($"x {Password} y", Password));
        Assert.True(
            Tells(Convert.ToBase64String(Encoding.UTF8.GetBytes($"source:{Password}")), Password)
                || Tells(Convert.ToBase64String(Encoding.UTF8.GetBytes(Password)), Password)
        );
        Assert.False(Tells("nothing of it", Password));
    }

    /// <summary>As it is, in another case, or in base64 from its beginning.</summary>
    private static bool Tells(string text, string secret) =>
        text.Contains(secret, StringComparison.OrdinalIgnoreCase)
        || text.Contains(
            Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=')[..^1],
            StringComparison.Ordinal
        );

    private async Task SignInsAsync()
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

    private async Task<string?> RefreshesAsync(string refresh)
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

    private async Task<(string ApiKey, (Guid Id, string Key) Stream)> KeysAsync(string access)
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

    private async Task TwoFactorAsync(string access)
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
        var secret = _node.App.Services.GetRequiredService<TwoFactors>().Secret(begun.Id());
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

    /// <summary>Tokens where they belong and where they do not.</summary>
    private async Task WrongAsync(string access, string apiKey)
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
            using (await Live.WebSocketPeer.OpenAsync(_node.Address, token)) { }
        }
    }

    private async Task StreamsAsync((Guid Id, string Key) stream)
    {
        foreach (var key in new[] { stream.Key, WrongPassword })
        {
            var authorization = Convert.ToBase64String(Encoding.UTF8.GetBytes($"source:{key}"));
            foreach (var type in new[] { "text/plain", "audio/mpeg" })
            {
                using var source = await RawHttp.OpenAsync(_node.Address);
                await source.SendAsync(
                    Encoding.ASCII.GetBytes(
                        $"PUT /live/{stream.Id} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {authorization}\r\nContent-Type: {type}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
                    )
                );
                _recorder.Keep($"refusal {await source.ReadToEndAsync()}");
            }
        }
    }

    private async Task ResetAsync(Guid ada)
    {
        var file = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_home, "operator.json"))).RootElement;
        var session = await AskAsync(
            HttpMethod.Post,
            "/api/v1/sessions",
            null,
            new { name = "operator", password = Secret(file.GetProperty("password")) },
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

    /// <summary>What is not there any more makes every request that needs it a fault.</summary>
    private async Task FaultsAsync(string access, string apiKey)
    {
        await using var source = NpgsqlDataSource.Create(_postgres.ConnectionString);
        await using (
            var break1 = source.CreateCommand(
                "alter view views.accounts_profiles rename to gone; alter table log.names rename to gone"
            )
        )
            await break1.ExecuteNonQueryAsync();
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

    /// <summary>Wolverine's own executor logs a message that it failed to handle.</summary>
    private async Task FaultOverTheBusAsync()
    {
        var bus = new MessageBus(_node.App.Services.GetRequiredService<IWolverineRuntime>());
        var command = new ChangePassword(Guid.CreateVersion7(), PasswordHash, PasswordHash, Guid.CreateVersion7());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            bus.InvokeAsync<CommandResult>(command, new CancellationToken(canceled: true))
        );
    }

    private async Task<string> EventsAsync()
    {
        await using var source = NpgsqlDataSource.Create(_postgres.ConnectionString);
        await using var all = source.CreateCommand(
            "select string_agg(type || ' ' || data::text, E'\\n') from log.mt_events"
        );
        return (string)(await all.ExecuteScalarAsync())!;
    }

    private string Secret(JsonElement value)
    {
        var text = value.GetString()!;
        _secrets.Add(text);
        return text;
    }

    private async Task<JsonElement> AskAsync(
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

    /// <summary>What is refused is recorded, headers and all.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string? token,
        HttpContent? content,
        string? key = null
    )
    {
        using var request = new HttpRequestMessage(method, _node.Address + path) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        var answer = await _http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
            _recorder.Keep($"refusal {answer}\n{await answer.Content.ReadAsStringAsync()}");
        return answer;
    }

    /// <summary>All that is logged and traced, by everything in this process.</summary>
    private sealed class Recorder : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;
        public int Count => _lines.Count;

        public void Keep(string line) => _lines.Enqueue(line);

        // The client's own side of a request is not the product's.
        public void Keep(Activity activity)
        {
            if (
                activity.Source.Name.StartsWith("System.Net", StringComparison.Ordinal)
                || activity.OperationName.StartsWith("System.Net", StringComparison.Ordinal)
            )
                return;
            var told = activity
                .TagObjects.Concat(activity.Events.SelectMany(e => e.Tags))
                .Select(t => $"{t.Key}={t.Value}")
                .Concat(activity.Baggage.Select(b => $"{b.Key}={b.Value}"));
            Keep(
                $"activity {activity.Source.Name} {activity.OperationName} {activity.DisplayName} {activity.StatusDescription} {string.Join(' ', told)}"
            );
        }

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Keep($"scope {Values(state)}");
            return null;
        }

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Keep($"log {logLevel} {formatter(state, exception)} {Values(state)} {exception}");

        private static string Values(object? state) =>
            state is IEnumerable<KeyValuePair<string, object?>> pairs
                ? string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}"))
                : $"{state}";

        public void Dispose() { }
    }
}
