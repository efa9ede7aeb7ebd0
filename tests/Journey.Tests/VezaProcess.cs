using System.Diagnostics;
using System.Globalization;

namespace Veza.Journey.Tests;

/// <summary>Veza as an operator runs it: the built program in its own folder with its private PostgreSQL.</summary>
/// <param name="environment">Variables besides those that isolate it.</param>
internal sealed class VezaProcess(params (string Name, string Value)[] environment) : IAsyncDisposable
{
    /// <summary>A start includes creating a PostgreSQL cluster on a busy machine.</summary>
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

    /// <summary>Its output.</summary>
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

    /// <summary>A start that the program refuses. It leaves nothing to dispose of.</summary>
    /// <returns>The exit code and the output.</returns>
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
        // The configuration of these tests, Debug or Release.
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

    /// <summary>SIGKILL: no shutdown and no flush, as in a power cut, except that PostgreSQL runs on.</summary>
    public async Task KillAsync()
    {
        _process!.Kill(entireProcessTree: false);
        await _process.WaitForExitAsync();
    }

    /// <returns>The exit code after SIGTERM.</returns>
    public async Task<int> StopAsync()
    {
        // The shell's builtin kill, because a minimal Debian lacks the package of the program.
        Process
            .Start("sh", ["-c", "kill -s TERM $0", _process!.Id.ToString(CultureInfo.InvariantCulture)])!
            .WaitForExit();
        using var limit = new CancellationTokenSource(StopMax);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        // A killed process leaves its PostgreSQL running, and the next start stops it. One that ended in order does
        // not.
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
    /// Open to other users, because PostgreSQL runs as its own user when the tests run as root. It then keeps its data
    /// in this folder, which is removed with it.
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
