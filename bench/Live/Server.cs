using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Veza.Api;
using Veza.Api.Auth;
using Veza.Api.Configuration;
using Veza.EventStore.Database;

namespace Veza.Bench.Live;

/// <summary>A server under load, in a process of its own, as `./veza run` is one; it ends with the bench.</summary>
internal sealed class Server : IDisposable
{
    private const string Secret = "only-the-bench-itself-talks-to-this-server";

    /// <summary>Of the private PostgreSQL's 200, less the three that it keeps for superusers.</summary>
    private const int ConnectionsAllowed = 197;
    private static readonly TimeSpan WarmUpRound = TimeSpan.FromSeconds(3);
    private const int WarmUpRoundsMax = 15;
    private const double CompilingShareMax = 0.03;

    private readonly Process _process;
    private readonly SigningKeys _keys = new(Encoding.UTF8.GetBytes(Secret), TimeProvider.System);

    private Server(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }
    public int ProcessId => _process.Id;

    /// <summary>
    /// Somebody of that account, signed in. The bench knows the secret, as hashing a password for each of ten thousand
    /// people would take longer than it measures.
    /// </summary>
    public string Token(Guid account) =>
        new AccessTokens(_keys, TimeProvider.System).Issue(account, Guid.CreateVersion7(), []);

    /// <param name="database">Npgsql's form.</param>
    /// <param name="port">0 for any.</param>
    /// <param name="nodes">How many share the database, and the connections that it allows.</param>
    public static Server StartVeza(string database, int port = 0, int nodes = 1) =>
        Start(port, nodes, "serve", database);

    /// <summary>What a hub of nothing but SignalR costs.</summary>
    public static Server StartPlain() => Start(0, 1, "serve-plain");

    /// <summary>What an endpoint costs that does nothing, or nothing but append.</summary>
    /// <param name="database">An empty one, in Npgsql's form.</param>
    public static Server StartBare(string database) => Start(0, 1, "serve-bare", database);

    /// <summary>
    /// What the runtime's counters on /metrics say: bytes allocated, seconds for which the collector paused it, and
    /// seconds of compiling, since it started.
    /// </summary>
    public (double Allocated, double PausedSeconds, double CompilingSeconds) Runtime()
    {
        using var http = new HttpClient();
        // It has one port for all, where the metrics are for operators.
        http.DefaultRequestHeaders.Authorization = new(
            "Bearer",
            new AccessTokens(_keys, TimeProvider.System).Issue(
                Guid.CreateVersion7(),
                Guid.CreateVersion7(),
                ["operator"]
            )
        );
        var metrics = http.GetStringAsync($"http://127.0.0.1:{Port}/metrics").GetAwaiter().GetResult().Split('\n');
        return (
            Of("dotnet_gc_heap_total_allocated_bytes_total"),
            Of("dotnet_gc_pause_time_seconds_total"),
            Of("dotnet_jit_compilation_time_seconds_total")
        );

        // A server that is not Veza writes no braces around no labels.
        double Of(string name) =>
            double.Parse(
                metrics
                    .FirstOrDefault(l =>
                        l.StartsWith(name + "{} ", StringComparison.Ordinal)
                        || l.StartsWith(name + ' ', StringComparison.Ordinal)
                    )
                    ?.Split(' ')[1]
                    ?? "NaN",
                CultureInfo.InvariantCulture
            );
    }

    /// <summary>
    /// The runtime goes on compiling what it finds hot for some twenty seconds under load, on the same two cores: what
    /// is measured afterwards is a server that is done with it.
    /// </summary>
    /// <param name="round">The load that will be measured, for so long.</param>
    public void WarmUp(Action<TimeSpan> round)
    {
        for (var i = 0; i < WarmUpRoundsMax; i++)
        {
            var before = Runtime().CompilingSeconds;
            round(WarmUpRound);
            if (Runtime().CompilingSeconds - before < CompilingShareMax * WarmUpRound.TotalSeconds)
                return;
        }
    }

    /// <summary>kill -9, as when the machine goes.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    private static Server Start(int port, int nodes, params string[] arguments)
    {
        if (port == 0)
            port = FreePort();
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(Server).Assembly.Location);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(port.ToString(CultureInfo.InvariantCulture));
        if (nodes > ConnectionBudget.NodesThatFit)
            start.Environment["DATABASE_POOL_SIZE"] = (ConnectionsAllowed / nodes).ToString(
                CultureInfo.InvariantCulture
            );
        var process = Process.Start(start)!;
        while (process.StandardOutput.ReadLine() is { } line)
            if (line == "ready")
            {
                // What it says from here on is read, or it would soon wait for room to say more.
                _ = Task.Run(() =>
                {
                    while (process.StandardOutput.ReadLine() is { } said)
                        Console.Error.WriteLine($"{port}: {said}");
                });
                return new(process, port);
            }
        throw new InvalidOperationException("the server under load did not start");
    }

    public static async Task<int> ServeAsync(string database, string port)
    {
        var home = Directory.CreateTempSubdirectory("veza-bench-").FullName;
        var settings = VezaSettings.Parse(
            new Dictionary<string, string>
            {
                ["PORT"] = port,
                ["PROMETHEUS_PORT"] = port,
                ["VEZA_HOME"] = home,
                ["JWT_SECRET"] = Secret,
                ["ENCRYPTION_KEY"] = Secret + "!",
                ["RATE_LIMIT_PER_MINUTE"] = "100000000",
                ["MAX_CONNECTIONS_PER_NETWORK"] = "10000000",
                ["LOG_LEVEL"] = "warning",
                ["LOG_FORMAT"] = "text",
                ["DATABASE_POOL_SIZE"] = Environment.GetEnvironmentVariable("DATABASE_POOL_SIZE") ?? "",
                // So that what a part of the process costs can be told by leaving it out.
                ["ROLES"] = Environment.GetEnvironmentVariable("ROLES") ?? "",
            }
        );
        using var loggers = LoggerFactory.Create(logging => logging.AddConsole().SetMinimumLevel(LogLevel.Warning));
        await using (await VezaHost.StartAsync(settings, database, loggers, CancellationToken.None))
            await UntilTheBenchEndsAsync();
        Directory.Delete(home, recursive: true);
        return 0;
    }

    public static async Task<int> ServePlainAsync(string port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSignalR();
        var app = builder.Build();
        app.MapHub<PlainHub>("/plain", o => o.Transports = HttpTransportType.WebSockets);
        app.MapPost("/send", async (HttpContext http, IHubContext<PlainHub> hub) =>
        {
            var item = await http.Request.ReadFromJsonAsync<PlainItem>();
            await hub.Clients.Group(PlainHub.Group).SendAsync("item", item);
        });
        app.Urls.Add($"http://127.0.0.1:{port}");
        await app.StartAsync();
        await UntilTheBenchEndsAsync();
        await app.StopAsync();
        return 0;
    }

    public static async Task<int> ServeBareAsync(string database, string port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        await using var log = await BenchLog.OpenAsync(database);
        app.MapPost("/nothing", () => { });
        app.MapPost("/append", () => BenchLog.StartAsync(log));
        app.MapGet("/metrics", () => string.Create(
                CultureInfo.InvariantCulture,
                $"""
                dotnet_gc_heap_total_allocated_bytes_total {GC.GetTotalAllocatedBytes()}
                dotnet_gc_pause_time_seconds_total {GC.GetTotalPauseDuration().TotalSeconds}
                dotnet_jit_compilation_time_seconds_total {System.Runtime.JitInfo.GetCompilationTime().TotalSeconds}
                """
            ));
        app.Urls.Add($"http://127.0.0.1:{port}");
        await app.StartAsync();
        await UntilTheBenchEndsAsync();
        await app.StopAsync();
        return 0;
    }

    private static async Task UntilTheBenchEndsAsync()
    {
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
        _keys.Dispose();
    }
}

/// <summary>A message as Veza's live item has it.</summary>
internal sealed record PlainItem(
    long Position,
    string Type,
    string[] Topics,
    DateTimeOffset At,
    Guid By,
    PlainData Data
);

internal sealed record PlainData(Guid MessageId, Guid ChannelId, Guid AuthorId, string Text);

internal sealed class PlainHub : Hub
{
    public const string Group = "channel";

    public override Task OnConnectedAsync() => Groups.AddToGroupAsync(Context.ConnectionId, Group);
}
