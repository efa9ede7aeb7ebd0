using System.Globalization;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>A node of Veza on an address of its own.</summary>
internal sealed class VezaNode : IAsyncDisposable
{
    /// <summary>A start on a busy machine, with a private PostgreSQL.</summary>
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(120);

    private static readonly string Program = Path.Combine(Shell.Root, "src/Cli/bin/Release/net10.0/Veza.Cli.dll");

    private readonly Daemon _daemon;

    /// <param name="host">An address of loopback.</param>
    /// <param name="folder">Of its log.</param>
    /// <param name="openFilesMax">Null for that of this process.</param>
    public VezaNode(
        string host,
        string folder,
        string home,
        int? openFilesMax,
        IEnumerable<KeyValuePair<string, string>> settings
    )
    {
        Host = host;
        Home = home;
        string[] veza = ["dotnet", Program, "run"];
        string[] command = openFilesMax is { } max
            ? ["sh", "-c", $"ulimit -n {max.ToString(CultureInfo.InvariantCulture)}; exec \"$0\" \"$@\"", .. veza]
            : veza;
        _daemon = new("veza-" + host, folder, command);
        foreach (var (name, value) in settings)
            _daemon.Environment[name] = value;
        _daemon.Environment["HOST"] = host;
        _daemon.Environment["PORT"] = $"{Port}";
        _daemon.Environment["PROMETHEUS_PORT"] = $"{MetricsPort}";
        _daemon.Environment["VEZA_HOME"] = Home;
        // A user has 128 watches of files for all programs, and no configuration changes here.
        _daemon.Environment["DOTNET_hostBuilder__reloadConfigOnChange"] = "false";
        _daemon.Environment["DOTNET_USE_POLLING_FILE_WATCHER"] = "true";
    }

    public string Host { get; }
    public string Home { get; }
    public int Port { get; } = Loopback.FreePort();
    public int MetricsPort { get; } = Loopback.FreePort();
    public string Address => $"http://{Host}:{Port}";

    /// <summary>What Prometheus scrapes.</summary>
    public string Target => $"{Host}:{MetricsPort}";

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync()
    {
        await _daemon.StartAsync();
        using var http = new HttpClient();
        await Eventually.TrueAsync(
            async () =>
            {
                if (!_daemon.Runs)
                    Assert.Fail($"Veza ended while it started:\n{Tail()}");
                try
                {
                    var answer = await http.GetAsync($"http://{Target}/health/ready");
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            StartMax,
            $"{Host} is ready"
        );
    }

    /// <summary>Runs the operator's tool against it.</summary>
    public Task<ShellResult> OperateAsync(params string[] arguments) =>
        Shell.RunAsync(
            "dotnet",
            [Program, .. arguments, "--url", Address],
            new Dictionary<string, string> { ["VEZA_HOME"] = Home }
        );

    public Task KillAsync() => _daemon.KillAsync();

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    private string Tail() => string.Join('\n', File.ReadLines(_daemon.Log).TakeLast(20));
}
