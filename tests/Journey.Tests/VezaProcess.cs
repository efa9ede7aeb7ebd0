using System.Diagnostics;
using System.Globalization;

namespace Veza.Journey.Tests;

/// <summary>
/// Veza as an operator runs it: the built program, in a folder of its own, with its private PostgreSQL.
/// </summary>
/// <param name="environment">Variables beside those that keep it apart from every other.</param>
internal sealed class VezaProcess(params (string Name, string Value)[] environment) : IAsyncDisposable
{
    /// <summary>A start includes making a PostgreSQL cluster, on a machine that does other things too.</summary>
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(45);

    private readonly string _home = Path.Combine(Folder(), ".veza");
    private readonly int _port = Loopback.FreePort();
    private readonly int _metricsPort = Loopback.FreePort();
    private readonly List<string> _output = [];
    private Process? _process;

    public static string Root { get; } = FindRoot();

    /// <summary>Soft and hard limit of files; null for those of this process.</summary>
    public int? OpenFilesMax { get; init; }
    public string Home => _home;
    public int Port => _port;
    public int ProcessId => _process!.Id;
    public string Address => $"http://127.0.0.1:{_port}";
    public string Output => string.Join('\n', Lines.TakeLast(200));

    /// <summary>Everything it has said.</summary>
    public string[] Lines
    {
        get
        {
            lock (_output)
                return [.. _output];
        }
    }
    public string HealthBesideMetrics => $"http://127.0.0.1:{_metricsPort}/health/ready";
    public string Metrics => $"http://127.0.0.1:{_metricsPort}/metrics";

    public async Task StartAsync()
    {
        Begin();
        await ReadyAsync();
    }

    /// <summary>A start that the program refuses. There is nothing to dispose of afterwards.</summary>
    /// <returns>The exit code and what was said.</returns>
    public async Task<(int Code, string Said)> RefusedAsync()
    {
        Begin();
        using var limit = new CancellationTokenSource(StartMax);
        await _process!.WaitForExitAsync(limit.Token);
        Directory.Delete(Path.GetDirectoryName(_home)!, recursive: true);
        return (_process.ExitCode, Output);
    }

    private void Begin()
    {
        // The same configuration, Debug or Release, as these tests were built in.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string[] veza = ["dotnet", Path.Combine(Root, "src/Cli/bin", configuration, "net10.0/Veza.Cli.dll"), "run"];
        string[] command = OpenFilesMax is { } max
            ? ["sh", "-c", $"ulimit -n {max.ToString(CultureInfo.InvariantCulture)}; exec \"$0\" \"$@\"", .. veza]
            : veza;
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(_home)!,
        };
        start.Environment["PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PROMETHEUS_PORT"] = _metricsPort.ToString(CultureInfo.InvariantCulture);
        start.Environment["VEZA_HOME"] = _home;
        start.Environment["LOG_FORMAT"] = "json";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>No farewell, no flush: as when the machine's power goes, but for PostgreSQL, which runs on.</summary>
    public async Task KillAsync()
    {
        _process!.Kill(entireProcessTree: false);
        await _process.WaitForExitAsync();
    }

    /// <returns>The exit code after SIGTERM.</returns>
    public async Task<int> StopAsync()
    {
        // The shell's own kill: the program of that name is in a package that a small Debian does not have.
        Process
            .Start("sh", ["-c", "kill -s TERM $0", _process!.Id.ToString(CultureInfo.InvariantCulture)])!
            .WaitForExit();
        using var limit = new CancellationTokenSource(StopMax);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        // One that was killed has left its PostgreSQL running, and stops it when it is started again; one that ended in
        // order has not.
        if (_process is { HasExited: true, ExitCode: not 0 })
            await StartAsync();
        if (_process is { HasExited: false })
            await StopAsync();
        Directory.Delete(Path.GetDirectoryName(_home)!, recursive: true);
    }

    private async Task ReadyAsync()
    {
        using var http = new HttpClient();
        using var limit = new CancellationTokenSource(StartMax);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            if (_process!.HasExited)
                Assert.Fail($"veza run ended with {_process.ExitCode}:\n{Output}");
            try
            {
                if ((await http.GetAsync($"{Address}/health/ready", limit.Token)).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            { /* Not listening yet. */
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"not ready within {StartMax}:\n{Output}");
            }
            await look.WaitForNextTickAsync();
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_output)
            _output.Add(line.Data);
    }

    /// <summary>
    /// Not for its owner alone: PostgreSQL, as a user of its own where these tests run as root, then keeps its data in
    /// it, where it is found, and goes with it.
    /// </summary>
    private static string Folder()
    {
        var folder = Directory.CreateTempSubdirectory("veza-journey-").FullName;
        File.SetUnixFileMode(
            folder,
            File.GetUnixFileMode(folder)
                | UnixFileMode.GroupRead
                | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead
                | UnixFileMode.OtherExecute
        );
        return folder;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("not inside a checkout");
        return folder.FullName;
    }
}
