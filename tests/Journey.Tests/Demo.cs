using System.Diagnostics;

namespace Veza.Journey.Tests;

/// <summary>Runs the demo, which uses the whole public API and checks every answer, as a child process.</summary>
internal sealed class Demo : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];

    private Demo(Process process) => _process = process;

    public string Output
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output);
        }
    }

    public static async Task<Demo> StartAsync(VezaProcess veza, params string[] options)
    {
        var folder = Path.Combine(VezaProcess.Root, "demo");
        using (var install = Process.Start(Path.Combine(folder, "install")))
        {
            await install.WaitForExitAsync();
            Assert.Equal(0, install.ExitCode);
        }
        var start = new ProcessStartInfo(
            "node",
            [Path.Combine(folder, "demo.mjs"), "--url", veza.Address, "--home", veza.Home, "--scale", "0.1", .. options]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var demo = new Demo(Process.Start(start)!);
        demo._process.OutputDataReceived += demo.Keep;
        demo._process.ErrorDataReceived += demo.Keep;
        demo._process.BeginOutputReadLine();
        demo._process.BeginErrorReadLine();
        return demo;
    }

    /// <summary>Waits for its end and asserts that it found no difference.</summary>
    public async Task AllEqualAsync(TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"the demo was not done within {within}:\n{Output}");
        }
        Assert.True(_process.ExitCode == 0, Output);
    }

    public void Dispose() => _process.Dispose();

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_output)
            _output.Add(line.Data);
    }
}
