using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Database;
using Veza.Faults.Tests.Load;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Nodes;

/// <summary>
/// A node in this process: the production log over a connection string. Records every request, every answer and every
/// event of its tail.
/// </summary>
public sealed class LocalNode : IAsyncDisposable
{
    private readonly History _history;
    private readonly CancellationTokenSource _stopLoad = new();
    private readonly List<Task> _loads = [];

    private LocalNode(string name, EventLog log, History history)
    {
        Name = name;
        Log = log;
        _history = history;
    }

    public string Name { get; }
    public EventLog Log { get; }

    public static async Task<LocalNode> OpenAsync(
        string name,
        string connectionString,
        History history,
        TimeProvider? clock = null,
        DiskSpace? disk = null
    )
    {
        var log = await EventLog.OpenAsync(
            connectionString,
            MixedLoad.Types,
            clock ?? TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            disk: disk
        );
        log.Tail.Watch(e => history.Saw(new Sighting($"tail of {name}", Live: true, LogRow.Of(e))));
        return new(name, log, history);
    }

    public Task<Answer> AskAsync(AppendRequest request) =>
        _history.AppendAsync(Name, Log.Appender.AppendAsync, request, MixedLoad.Types);

    /// <summary>Begins a load that goes on until <see cref="StopLoadAsync"/>.</summary>
    public MixedLoad Load(int writers, int seed, bool hot = false)
    {
        var load = new MixedLoad(AskAsync, seed, hot);
        _loads.Add(load.RunAsync(writers, _stopLoad.Token));
        return load;
    }

    /// <summary>Stops all loads and waits for their last answers.</summary>
    public async Task StopLoadAsync()
    {
        await _stopLoad.CancelAsync();
        await Task.WhenAll(_loads);
    }

    public async ValueTask DisposeAsync()
    {
        await StopLoadAsync();
        await Log.DisposeAsync();
        _stopLoad.Dispose();
    }
}
