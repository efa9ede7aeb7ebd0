using System.Diagnostics;
using System.Globalization;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>A program that runs beside the test and ends with this process, however that ends.</summary>
/// <param name="name">Of its log in the folder.</param>
internal sealed class Daemon(string name, string folder, string[] command) : IAsyncDisposable
{
    /// <summary>
    /// Reading ends when this process does. A program that ignores SIGTERM for so long is killed.
    /// </summary>
    private const string Keep = """
        log=$1; shift
        "$@" >> "$log" 2>&1 < /dev/null &
        echo $!
        cat > /dev/null
        kill -s TERM $! 2> /dev/null
        (sleep 10; kill -s KILL $!) 2> /dev/null &
        wait $!
        kill $(jobs -p) 2> /dev/null
        """;

    private Process? _keeper;
    private int _processId;

    public Dictionary<string, string> Environment { get; } = [];

    public string Log => Path.Combine(folder, name + ".log");

    public bool Runs => _keeper is not null && Directory.Exists($"/proc/{_processId}");

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Keep, "sh", Log, .. command])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (variable, value) in Environment)
            start.Environment[variable] = value;
        _keeper = Process.Start(start)!;
        _processId = int.Parse((await _keeper.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
    }

    public async Task SignalAsync(string signal) =>
        // The shell's builtin kill, because a minimal Debian lacks the program.
        (await Shell.RunAsync("sh", "-c", $"kill -s {signal} {_processId}")).Succeeded();

    /// <summary>As when its machine loses power.</summary>
    public async Task KillAsync()
    {
        if (Runs)
            await SignalAsync("KILL");
        await StopAsync();
    }

    public async Task StopAsync()
    {
        if (_keeper is null)
            return;
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
        _keeper = null;
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
