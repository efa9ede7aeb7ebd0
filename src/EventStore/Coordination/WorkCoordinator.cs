using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Database;

namespace Veza.EventStore.Coordination;

/// <summary>
/// Sees to it that each thing that runs behind the log, a projection or a subscription, runs on one node at a time, and
/// that the nodes share them about evenly. A node renews one row every second; whoever has not for the length of a
/// lease, by the database's clock, loses what it ran to the others; sooner when its sessions in the database are all
/// gone.
/// </summary>
/// <remarks>
/// A lease alone is no fence, since a node that was stopped may go on at any point: what is run moves its checkpoint by
/// compare-and-set.
/// </remarks>
public sealed class WorkCoordinator : IAsyncDisposable
{
    internal const string Channel = "veza_owners";

    /// <summary>
    /// A node that is frozen or cut off is noticed after this; one that is only slow keeps what it has for as long.
    /// </summary>
    public static readonly TimeSpan LeaseFor = TimeSpan.FromSeconds(3);

    /// <summary>One small write per node: often enough that two may be lost.</summary>
    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A node that missed a renewal, and of which the database has no session, is not there: its process ended, or it
    /// cannot write. One that lives comes back before, as it renews every second and once more soon after a renewal
    /// that failed.
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
    private readonly Dictionary<string, WorkItem> _offers = [];
    private readonly Dictionary<string, SemaphoreSlim> _turns = [];
    private readonly Wakeup _renewNow = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _expiry;
    private HashSet<string> _left = [];
    private (int HistoryGeneration, HashSet<string> Names) _registered = (0, []);
    private Dictionary<string, string?> _faultsTold = [];
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
    /// This process; it ends the names of the sessions that write for it, so that they can be told from others'.
    /// </summary>
    public Guid Node { get; }

    /// <summary>Why this node could not renew its row the last time; null when it could.</summary>
    public string? Fault => _fault;

    /// <summary>
    /// Runs <paramref name="work"/> whenever this node is to, until it is cancelled; what ends by itself is begun
    /// again.
    /// </summary>
    /// <param name="name">
    /// Of what is run, the same on every node. Of two on one node the second waits for the first.
    /// </param>
    /// <param name="kind">For whoever looks at <c>log.runners</c>: projection, subscription.</param>
    /// <param name="fault">What is wrong with the work at the moment; told to the other nodes.</param>
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
                var offer = new WorkItem(kind, fault);
                lock (_lock)
                {
                    _offers[name] = offer;
                    _renewing ??= Task.Run(RenewAsync, CancellationToken.None);
                }
                RenewSoon();
                try
                {
                    await offer.Begun.Task.WaitAsync(ct);
                    using var until = CancellationTokenSource.CreateLinkedTokenSource(ct, offer.Ending.Token);
                    await work(until.Token);
                }
                catch (OperationCanceledException) when (ct.IsCancellationRequested)
                { /* It ends here, owned or not. */
                }
                lock (_lock)
                    _offers.Remove(name);
                await GiveBackAsync([name]);
                RenewSoon();
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Looks at who runs what without waiting for the next time.</summary>
    internal void RenewSoon() => _renewNow.Set();

    /// <summary>Takes this node off, so that the others need not wait for its lease to end.</summary>
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
                // A node that has not renewed its row for long is looked at when its lease ends, rather than up to a
                // second later.
                if (await RenewOnceAsync() is var endsIn && endsIn < next)
                    next = endsIn + LookAfterEnd;
                var lasts = LeaseFor - _clock.GetElapsedTime(began);
                _expiry.Change(lasts > TimeSpan.Zero ? lasts : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                _fault = null;
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                if (_fault is null)
                    next = RenewAgainAfter;
                (_fault, _failedAt) = (fault.Message, _clock.GetTimestamp());
                _logger.LogWarning(
                    "Renewing this node's hold on what it runs failed and is tried again: {Reason}",
                    fault.Message
                );
            }
            await ((Task)_renewNow.WaitAsync(next, _stopping.Token)).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing
            );
        }
    }

    private async Task<TimeSpan> RenewOnceAsync()
    {
        Dictionary<string, WorkItem> offers;
        lock (_lock)
            offers = new(_offers);
        // A node that was cut off itself does not judge by sessions: the server may have restarted, or be another one,
        // and the others come back as it does.
        var judges = _failedAt is not { } at || _clock.GetElapsedTime(at) > LeaseFor;
        var roll = await NodeLeases.RenewAsync(
            _database,
            Node,
            offers.Keys,
            judges ? AbsentAfter : LeaseFor,
            _stopping.Token
        );
        // Once, and again after a restore that may know nothing of them: a row that is gone otherwise was taken away by
        // a release that knows better.
        var generation = _generation();
        if (generation != _registered.HistoryGeneration)
            _registered = (generation, []);
        if (
            offers.Where(o => !_registered.Names.Contains(o.Key)).ToDictionary(o => o.Key, o => o.Value.Kind) is
            { Count: > 0 } unknown
        )
        {
            await NodeLeases.RegisterAsync(_database, unknown, _stopping.Token);
            _registered = (generation, [.. offers.Keys]);
            roll = roll with
            {
                Owners = roll
                    .Owners.Concat(
                        unknown
                            .Keys.Where(n => !roll.Owners.ContainsKey(n))
                            .Select(n => KeyValuePair.Create(n, (Guid?)null))
                    )
                    .ToDictionary(),
            };
        }
        var (take, giveUp) = Assignment.Decide(Node, roll, _left);
        var taken = take.Count == 0 ? [] : await NodeLeases.TakeAsync(_database, Node, take, _stopping.Token);
        _left = [.. roll.Owners.Where(o => o.Value is null && !taken.Contains(o.Key)).Select(o => o.Key)];
        foreach (var (name, offer) in offers)
        {
            var mine = taken.Contains(name) || roll.Owners.GetValueOrDefault(name) == Node;
            if (mine && !giveUp.Contains(name))
                offer.Begun.TrySetResult();
            else if (offer.Begun.Task.IsCompleted)
                await offer.Ending.CancelAsync();
        }
        // What is this node's by the table, and which it no longer offers: it was ended while the database was away.
        if (
            roll.Owners.Where(o => o.Value == Node && !offers.ContainsKey(o.Key)).Select(o => o.Key).ToList() is
            { Count: > 0 } forgotten
        )
            await GiveBackAsync(forgotten);
        await TellFaultsAsync(offers);
        return roll.LeaseEndsIn;
    }

    private async Task TellFaultsAsync(Dictionary<string, WorkItem> offers)
    {
        var faults = offers.Where(o => o.Value.Begun.Task.IsCompleted).ToDictionary(o => o.Key, o => o.Value.Fault());
        if (
            faults.Where(f => !_faultsTold.TryGetValue(f.Key, out var told) || told != f.Value).ToDictionary() is
            { Count: > 0 } news
        )
            await NodeLeases.TellAsync(_database, Node, news, _stopping.Token);
        _faultsTold = faults;
    }

    // Without a successful renewal in all that time the others may have taken everything.
    private void Expire()
    {
        lock (_lock)
            foreach (var offer in _offers.Values.Where(o => o.Begun.Task.IsCompleted))
                _ = offer.Ending.CancelAsync();
    }

    private async Task GiveBackAsync(IReadOnlyCollection<string> names)
    {
        // A node that ran it again in between keeps it.
        lock (_lock)
            names = [.. names.Where(n => !_offers.ContainsKey(n))];
        if (names.Count == 0)
            return;
        try
        {
            await NodeLeases.GiveBackAsync(_database, Node, names, CancellationToken.None);
        }
        catch (Exception away)
        {
            _logger.LogDebug(away, "{Names} stay this node's until it can tell otherwise", string.Join(", ", names));
        }
    }

    private sealed record WorkItem(string Kind, Func<string?> Fault)
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public CancellationTokenSource Ending { get; } = new();
    }
}
