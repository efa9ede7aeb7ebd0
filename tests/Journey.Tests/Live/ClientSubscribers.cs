using System.Diagnostics;
using System.Text.Json;

namespace Veza.Journey.Tests.Live;

/// <summary>The items that one subscription of the client library has received.</summary>
internal sealed record ReceivedItems(
    string[] Topics,
    long[] Items,
    string? Fault,
    Dictionary<string, int> Interruptions
);

/// <summary>Many subscribers of the client library, each with its own connection, in one Node.js process.</summary>
internal sealed class ClientSubscribers : IDisposable
{
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private volatile ReceivedItems[] _received = [];

    private ClientSubscribers(Process process) => _process = process;

    public ReceivedItems[] Received => _received;

    public static async Task<ClientSubscribers> StartAsync(
        int port,
        string token,
        IEnumerable<string[]> topics,
        long after
    )
    {
        using (var build = Process.Start(Path.Combine(VezaProcess.Root, "clients/typescript/build")))
        {
            await build.WaitForExitAsync();
            Assert.Equal(0, build.ExitCode);
        }
        var start = new ProcessStartInfo(
            "node",
            [Path.Combine(VezaProcess.Root, "tests/Journey.Tests/Live/subscribers.mjs")]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var subscribers = new ClientSubscribers(Process.Start(start)!);
        subscribers._process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } json)
                subscribers._received = JsonSerializer.Deserialize<ReceivedItems[]>(json, JsonSerializerOptions.Web)!;
        };
        subscribers._process.BeginOutputReadLine();
        await subscribers.SayAsync(
            JsonSerializer.Serialize(
                new
                {
                    url = $"http://127.0.0.1:{port}",
                    token,
                    subscribers = topics.Select(t => new { topics = t, after }),
                }
            )
        );
        return subscribers;
    }

    /// <param name="line"><c>pause</c> or <c>go on</c>.</param>
    public Task SayAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    public async Task EndAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(EndMax);
        Assert.Equal(0, _process.ExitCode);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
