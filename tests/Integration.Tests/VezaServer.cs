using System.Collections.Concurrent;
using Alba;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.EventStore.Postgres;

namespace Veza.Integration.Tests;

/// <summary>
/// The whole product in this process, with its own port and PostgreSQL; one for all tests of the assembly.
/// </summary>
public sealed class VezaServer : IVezaApi, IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("veza-test-").FullName;
    private readonly ConcurrentDictionary<string, Task<Person>> _people = new();
    private LocalPostgres _postgres = null!;
    private RunningVeza _running = null!;
    private readonly Lazy<Task<IAlbaHost>> _withoutSocket;

    public VezaServer() => _withoutSocket = new(() => VezaEndpoints.StartAsync(this));

    public RunningVeza Running => _running;
    public string Address => _running.Address;
    public HttpClient Http { get; } =
        new(new SocketsHttpHandler { MaxConnectionsPerServer = 64, UseCookies = false })
        {
            Timeout = TimeSpan.FromSeconds(60),
        };
    public string Home => _home;
    public LocalPostgres Postgres => _postgres;
    public string ConnectionString => _postgres.ConnectionString;

    /// <summary>The folder of its PostgreSQL.</summary>
    public string DataFolder => _postgres.DataFolder;

    /// <summary>Its PostgreSQL is watched as in production: it is restarted when it ends by itself.</summary>
    public bool Watched { get; init; }

    /// <summary>Environment variables of a test's own server.</summary>
    public (string Name, string Value)[] More { get; init; } = [];

    public async ValueTask InitializeAsync()
    {
        // Without it a kill loses the last acknowledged writes, and the history forks.
        _postgres = await LocalPostgres.StartEphemeralAsync(fsync: Watched);
        if (Watched)
            _postgres.Watch(TimeProvider.System, NullLogger.Instance);
        _running = await VezaHost.StartAsync(
            Settings(_home, More),
            _postgres.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            Watched ? _postgres : null
        );
    }

    /// <param name="more">Environment variables that differ from the tests' defaults.</param>
    public static VezaSettings Settings(string home, params (string Name, string Value)[] more)
    {
        var variables = new Dictionary<string, string>
        {
            ["PORT"] = Loopback.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["PROMETHEUS_PORT"] = Loopback.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["VEZA_HOME"] = home,
            // One address sends all requests of a test run.
            ["RATE_LIMIT_PER_MINUTE"] = "1000000",
            ["TRUSTED_PROXIES"] = "127.0.0.1",
            ["LOG_LEVEL"] = "error",
        };
        foreach (var (name, value) in more)
            variables[name] = value;
        return DevelopmentSecrets.Fill(VezaSettings.Parse(variables));
    }

    /// <summary>The endpoints without a socket, started by the first test that needs them, and shared by all.</summary>
    public Task<IAlbaHost> WithoutSocketAsync() => _withoutSocket.Value;

    /// <summary>A person that several tests may share, because no test changes it.</summary>
    public Task<Person> SharedAsync(string name) => _people.GetOrAdd(name, this.RegisterAsync);

    public async ValueTask DisposeAsync()
    {
        if (_withoutSocket.IsValueCreated)
            await (await _withoutSocket.Value).DisposeAsync();
        if (_running is not null)
            await _running.DisposeAsync();
        Http.Dispose();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }
}
