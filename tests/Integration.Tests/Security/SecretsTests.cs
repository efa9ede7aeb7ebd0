using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.Api;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.EventStore.Postgres;
using Wolverine.Runtime;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// A node logs at its most verbose while clients send marked secrets, through successes, refusals and faults. No secret
/// appears in its logs, traces, metrics, refusals or events.
/// </summary>
public sealed class SecretsTests : IAsyncLifetime
{
    private const string PasswordHash = "marked-hash-of-a-password";
    private const string JwtSecret = "marked-jwt-key-0123456789abcdef0123456789";
    private const string EncryptionKey = "marked-encryption-key-0123456789abcdef012345";
    private const string DatabasePassword = "marked-database-password";

    private readonly string _home = Directory.CreateTempSubdirectory("veza-test-").FullName;
    private readonly SecretsRecorder _recorder = new();
    private readonly HashSet<string> _secrets =
    [
        SecretsClient.Password,
        SecretsClient.WrongPassword,
        SecretsClient.NewPassword,
        PasswordHash,
        JwtSecret,
        EncryptionKey,
        DatabasePassword,
    ];
    private LocalPostgres _postgres = null!;
    private RunningVeza _node = null!;
    private SecretsClient _client = null!;
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
            // The console keeps the writer that it was made with.
            ("LOG_FORMAT", "text")
        );
        _metrics = $"http://127.0.0.1:{settings.PrometheusPort}/metrics";
        // The recorder gets every line that the console would print, and the tests' output stays readable.
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_recorder));
        _activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _recorder.Keep,
        };
        ActivitySource.AddActivityListener(_activities);
        // The private server asks for no password, but one in the settings is a secret all the same.
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
        _client = new(_node, _recorder, _secrets);
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _activities.Dispose();
        _loggers.Dispose();
        await _postgres.DisposeAsync();
        _client.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    [Fact]
    public async Task No_secret_is_in_logs_traces_refusals_metrics_or_the_log_of_events()
    {
        using var http = new HttpClient();
        var ada = await _client.AskAsync(
            HttpMethod.Post,
            "/api/v1/accounts",
            null,
            new
            {
                userName = "ada",
                email = "ada@example.org",
                password = SecretsClient.Password,
            },
            HttpStatusCode.Created,
            key: "register"
        );
        _client.Secret(ada.GetProperty("accessToken"));
        var refresh = _client.Secret(ada.GetProperty("refreshToken"));
        await _client.SignInsAsync();
        var access = await _client.RefreshesAsync(refresh);
        var (apiKey, stream) = await _client.KeysAsync(access);
        await _client.TwoFactorAsync(access);
        await _client.MisplacedTokensAsync(access, apiKey);
        var mediaToken = await _client.MediaTokenAsync(access);
        await _client.StreamsAsync(stream);
        var operatorFile = await File.ReadAllBytesAsync(Path.Combine(_home, "operator.json"));
        await _client.ResetAsync(ada.Id(), JsonDocument.Parse(operatorFile).RootElement);
        var scraped = await http.GetStringAsync(_metrics);
        await RemoveTablesAsync();
        await _client.FaultsAsync(access, apiKey, mediaToken);
        await FaultOverTheBusAsync();
        scraped += await http.GetStringAsync(_metrics);

        Assert.True(_recorder.Count > 100, $"only {_recorder.Count} things were recorded");
        Assert.Contains(_recorder.Lines, line => line.Contains("/api/v1/accounts/me failed", StringComparison.Ordinal));
        Assert.Contains(_recorder.Lines, line => line.StartsWith("activity", StringComparison.Ordinal));
        Assert.Contains("veza_http_refusals", scraped, StringComparison.Ordinal);
        var events = await EventsAsync();
        Assert.Contains("account_registered", events, StringComparison.Ordinal);
        foreach (var secret in _secrets)
        {
            foreach (var line in _recorder.Lines)
                Assert.False(Holds(line, secret), $"{secret} is in: {line[..Math.Min(line.Length, 600)]}");
            Assert.False(Holds(scraped, secret), $"{secret} is in the metrics");
            Assert.False(Holds(events, secret), $"{secret} is in the log of events");
        }
    }

    [Fact]
    public void A_secret_is_found_in_plain_text_and_in_base64()
    {
        Assert.True(Holds($"x {SecretsClient.Password} y", SecretsClient.Password));
        Assert.True(
            Holds(
                Convert.ToBase64String(Encoding.UTF8.GetBytes($"source:{SecretsClient.Password}")),
                SecretsClient.Password
            ) || Holds(Convert.ToBase64String(Encoding.UTF8.GetBytes(SecretsClient.Password)), SecretsClient.Password)
        );
        Assert.False(Holds("nothing of it", SecretsClient.Password));
    }

    /// <summary>Finds the secret in plain text, in any case, and in base64 that begins with it.</summary>
    private static bool Holds(string text, string secret) =>
        text.Contains(secret, StringComparison.OrdinalIgnoreCase)
        || text.Contains(
            Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=')[..^1],
            StringComparison.Ordinal
        );

    /// <summary>Every request that needs these tables is a fault from now on.</summary>
    private async Task RemoveTablesAsync()
    {
        await using var source = NpgsqlDataSource.Create(_postgres.ConnectionString);
        await using var rename = source.CreateCommand(
            "alter view views.accounts_profiles rename to gone; alter view views.music_tracks rename to tracks_gone; "
                + "alter table log.names rename to gone"
        );
        await rename.ExecuteNonQueryAsync();
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
}
