using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Database;

namespace Veza.EventStore.Coordination;

/// <summary>
/// Distributes work over the nodes: each projection, subscription or queue runs on one node at a time, and the nodes
/// have about as many each.
/// </summary>
/// <remarks>
/// A node renews its lease every second. When a lease ends, by the database's clock, the other nodes take its work;
/// they take it sooner when the node has no session in the database any more. A lease alone is no fence, since a node
/// that was stopped may go on at any point: the work moves its checkpoint by compare-and-set. Any thread may call it. A
/// node that cannot renew stops its work when its lease ends.
/// </remarks>
public sealed class WorkCoordinator : IAsyncDisposable
{
    internal const string Channel = "veza_owners";

    /// <summary>
    /// A node that is frozen or cut off is noticed after this; one that is only slow keeps its work for as long.
    /// </summary>
    public static readonly TimeSpan LeaseFor = TimeSpan.FromSeconds(3);

    /// <summary>One small write per node: often enough that two may be lost.</summary>
    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A node that missed a renewal and has no session in the database is gone: its process ended, or it cannot write.
    /// A living node is back by then, as it renews every second, and again soon after a renewal that failed.
    /// </summary>
    public static readonly TimeSpan AbsentAfter = TimeSpan.FromSeconds(1.5);

    /// <summary>After a renewal that failed, once: its connection was broken, and a new one may do.</summary>
    private static readonly TimeSpan RenewAgainAfter = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan LookAfterEnd = TimeSpan.FromMilliseconds(20);

    private readonly NpgsqlDataSource _database;
    private readonly Func<int> _generation;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, WorkItem> _items = [];
    private readonly Dictionary<string, SemaphoreSlim> _turns = [];
    private readonly Wakeup _renewNow = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _expiry;
    private HashSet<string> _unassigned = [];
    private (int HistoryGeneration, HashSet<string> Names) _registered = (0, []);
    private Dictionary<string, string?> _faultsWritten = [];
    private Task? _renewing;
    private volatile string? _fault;
    private long? _failedAt;

    internal WorkCoordinator(
        NpgsqlDataSource database,
        Guid node,
        Func<int> generation,
        TimeProvider clock,
        ILogger logger
    )
    {
        _database = database;
        Node = node;
        _generation = generation;
        _clock = clock;
        _logger = logger;
        _expiry = clock.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Identifies this process; the names of its database sessions end in it.
    /// </summary>
    public Guid Node { get; }

    /// <summary>Why this node could not renew its row the last time; null when it could.</summary>
    public string? Fault => _fault;

    /// <summary>
    /// Runs <paramref name="work"/> while it is assigned to this node, until it is cancelled. Work that ends by itself
    /// is started again.
    /// </summary>
    /// <param name="name">
    /// Of the work, the same on every node. Of two calls on one node the second waits for the first.
    /// </param>
    /// <param name="kind">Shown in <c>log.runners</c>: projection, subscription.</param>
    /// <param name="fault">The work's present fault; shown to the other nodes.</param>
    /// <param name="work">Ends soon when its token is cancelled. It does not throw.</param>
    public async Task RunAsync(
        string name,
        string kind,
        Func<string?> fault,
        Func<CancellationToken, Task> work,
        CancellationToken ct
    )
    {
        var turn = Turn(name);
        try
        {
            await turn.WaitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        try
        {
            while (!ct.IsCancellationRequested)
            {
                var item = new WorkItem(kind, fault);
                lock (_lock)
                {
                    _items[name] = item;
                    _renewing ??= Task.Run(RenewAsync, CancellationToken.None);
                }
                RenewSoon();
                try
                {
                    await item.Begun.Task.WaitAsync(ct);
                    using var until = CancellationTokenSource.CreateLinkedTokenSource(ct, item.Ending.Token);
                    await work(until.Token);
                }
                catch (OperationCanceledException) when (ct.IsCancellationRequested)
                { /* The work ends here, assigned or not. */
                }
                lock (_lock)
                    _items.Remove(name);
                await GiveBackAsync([name]);
                RenewSoon();
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Renews the lease and looks at the assignment now.</summary>
    internal void RenewSoon() => _renewNow.Set();

    /// <summary>Removes this node's row, so that the others need not wait for its lease to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _expiry.DisposeAsync();
        if (_renewing is not null)
        {
            await _renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await using var leave = _database.CreateCommand(
                    "with gone as (delete from log.nodes where id = $1 returning id) select pg_notify($2, '') from gone"
                );
                leave.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Node });
                leave.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Channel });
                await leave.ExecuteNonQueryAsync();
            }
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                _logger.LogDebug(away, "This node's row stays until its lease ends");
            }
        }
    }

    private SemaphoreSlim Turn(string name)
    {
        lock (_lock)
            return _turns.TryGetValue(name, out var turn) ? turn : _turns[name] = new(1);
    }

    private async Task RenewAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var next = RenewEvery;
            try
            {
                var began = _clock.GetTimestamp();
                // When another node's lease is about to end, its end is the next time to look.
                var endsIn = await RenewOnceAsync();
                if (endsIn < next)
                    next = endsIn + LookAfterEnd;
                var lasts = LeaseFor - _clock.GetElapsedTime(began);
                _expiry.Change(lasts > TimeSpan.Zero ? lasts : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                _fault = null;
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                if (_fault is null)
                    next = RenewAgainAfter;
                _fault = fault.Message;
                _failedAt = _clock.GetTimestamp();
                _logger.LogWarning("Renewing this node's lease failed and is tried again: {Reason}", fault.Message);
            }
            await ((Task)_renewNow.WaitAsync(next, _stopping.Token)).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing
            );
        }
    }

    private async Task<TimeSpan> RenewOnceAsync()
    {
        Dictionary<string, WorkItem> items;
        lock (_lock)
            items = new(_items);
        // A node that was cut off itself does not count sessions: the server may have restarted, or be another one, and
        // the other nodes come back as this one does.
        var countsSessions = _failedAt is not { } at || _clock.GetElapsedTime(at) > LeaseFor;
        var cluster = await NodeLeases.RenewAsync(
            _database,
            Node,
            items.Keys,
            countsSessions ? AbsentAfter : LeaseFor,
            _stopping.Token
        );
        // Once, and again after a restore, which may lack the rows. A row that disappears otherwise was deleted by a
        // newer release.
        var generation = _generation();
        if (generation != _registered.HistoryGeneration)
            _registered = (generation, []);
        if (
            items.Where(o => !_registered.Names.Contains(o.Key)).ToDictionary(o => o.Key, o => o.Value.Kind) is
            { Count: > 0 } unknown
        )
        {
            await NodeLeases.RegisterAsync(_database, unknown, _stopping.Token);
            _registered = (generation, [.. items.Keys]);
            cluster = cluster with
            {
                Owners = cluster
                    .Owners.Concat(
                        unknown
                            .Keys.Where(n => !cluster.Owners.ContainsKey(n))
                            .Select(n => KeyValuePair.Create(n, (Guid?)null))
                    )
                    .ToDictionary(),
            };
        }
        var (take, giveUp) = Assignment.Decide(Node, cluster, _unassigned);
        var taken = take.Count == 0 ? [] : await NodeLeases.TakeAsync(_database, Node, take, _stopping.Token);
        _unassigned = [.. cluster.Owners.Where(o => o.Value is null && !taken.Contains(o.Key)).Select(o => o.Key)];
        // After a restore the table may assign work to a node that has given it up since, and gives it up again.
        var notBegun = new List<string>();
        foreach (var (name, item) in items)
        {
            var mine = taken.Contains(name) || cluster.Owners.GetValueOrDefault(name) == Node;
            if (mine && !giveUp.Contains(name))
                item.Begun.TrySetResult();
            else if (item.Begun.Task.IsCompleted)
                await item.Ending.CancelAsync();
            else if (mine)
                notBegun.Add(name);
        }
        if (notBegun.Count > 0)
            await NodeLeases.GiveBackAsync(_database, Node, notBegun, _stopping.Token);
        // Work that the table assigns to this node and that it no longer offers: it ended while the database was away.
        if (
            cluster.Owners.Where(o => o.Value == Node && !items.ContainsKey(o.Key)).Select(o => o.Key).ToList() is
            { Count: > 0 } abandoned
        )
            await GiveBackAsync(abandoned);
        await WriteFaultsAsync(items);
        return cluster.LeaseEndsIn;
    }

    private async Task WriteFaultsAsync(Dictionary<string, WorkItem> items)
    {
        var faults = items.Where(o => o.Value.Begun.Task.IsCompleted).ToDictionary(o => o.Key, o => o.Value.Fault());
        if (
            faults
                .Where(f => !_faultsWritten.TryGetValue(f.Key, out var written) || written != f.Value)
                .ToDictionary() is
            { Count: > 0 } news
        )
            await NodeLeases.WriteFaultsAsync(_database, Node, news, _stopping.Token);
        _faultsWritten = faults;
    }

    // Without a renewal in all that time the other nodes may have taken everything.
    private void Expire()
    {
        lock (_lock)
            foreach (var item in _items.Values.Where(o => o.Begun.Task.IsCompleted))
                _ = item.Ending.CancelAsync();
    }

    private async Task GiveBackAsync(IReadOnlyCollection<string> names)
    {
        // Work that this node has offered again meanwhile stays.
        lock (_lock)
            names = [.. names.Where(n => !_items.ContainsKey(n))];
        if (names.Count == 0)
            return;
        try
        {
            await NodeLeases.GiveBackAsync(_database, Node, names, CancellationToken.None);
        }
        catch (Exception away)
        {
            _logger.LogDebug(
                away,
                "{Names} stay assigned to this node until it can give them back",
                string.Join(", ", names)
            );
        }
    }

    private sealed record WorkItem(string Kind, Func<string?> Fault)
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public CancellationTokenSource Ending { get; } = new();
    }
}
