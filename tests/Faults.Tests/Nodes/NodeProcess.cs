using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Nodes;

/// <summary>A writing node in its own process, to kill and stop. Its output up to its end is in the history.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    /// <summary>
    /// Length of the answers that <see cref="NodeWork.RepeatAtOnce"/> has remembered: that of a long message.
    /// </summary>
    public const int AnswerBytes = 4000;

    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<int, Call> _calls = new();
    private readonly History _history;
    private int _yes;

    private NodeProcess(string name, Process process, History history)
    {
        Name = name;
        _process = process;
        _history = history;
        _reading = Task.Run(ReadAsync);
    }

    public string Name { get; }

    /// <summary>The number of its commands that it reported as accepted.</summary>
    public int Accepted => Volatile.Read(ref _yes);
    public bool Runs => !_process.HasExited;

    /// <summary>Starts a node, which begins its work immediately.</summary>
    public static async Task<NodeProcess> StartAsync(
        string name,
        string connectionString,
        History history,
        int seed,
        int writers,
        NodeWork work = NodeWork.Mixed
    )
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                typeof(NodeProcess).Assembly.Location,
                NodeProgram.Argument,
                name,
                seed.ToString(CultureInfo.InvariantCulture),
                writers.ToString(CultureInfo.InvariantCulture),
                work.ToString(),
            ]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[NodeProgram.DatabaseVariable] = connectionString;
        var node = new NodeProcess(name, Process.Start(start)!, history);
        await Task.WhenAny(node._ready.Task, node._reading).WaitAsync(StartMax);
        if (node._ready.Task.IsCompleted)
            return node;
        await node._reading;
        await node._process.WaitForExitAsync();
        Assert.Fail($"node {name} ended with {node._process.ExitCode} before it was ready");
        return node;
    }

    /// <summary>Lets a node that repeats go on.</summary>
    public Task GoOnAsync() => _process.StandardInput.WriteLineAsync();

    /// <summary>STOP, CONT or KILL.</summary>
    public void Signal(string signal) => Signals.Send(_process.Id, signal);

    /// <summary>kill -9; reads all its output first.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    /// <summary>Stops it in order, after its last answers.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(StopMax);
        await _reading;
        Assert.Equal(0, _process.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            // The last line of a killed node may be cut off: no caller received that answer.
            if (!line.EndsWith('}') && !line.EndsWith('"'))
                continue;
            var (what, json) = (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);
            switch (what)
            {
                case NodeProgram.Ready:
                    _ready.TrySetResult();
                    break;
                case "ask":
                    var ask = JsonSerializer.Deserialize<Ask>(json)!;
                    _calls[ask.Number] = _history.Asked(ask);
                    break;
                case "answer":
                    var answer = JsonSerializer.Deserialize<NodeAnswer>(json)!;
                    _calls[answer.Number].Answered(answer.Answer, answer.At);
                    if (answer.Answer.IsYes)
                        Interlocked.Increment(ref _yes);
                    break;
                case "saw":
                    _history.Saw(
                        new Sighting($"tail of {Name}", Live: true, JsonSerializer.Deserialize<LogRow>(json)!)
                    );
                    break;
                default:
                    throw new InvalidOperationException($"node {Name} wrote '{line}'");
            }
        }
    }
}
