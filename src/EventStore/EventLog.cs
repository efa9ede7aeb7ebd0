using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;
using Veza.EventStore.Reading;
using Veza.EventStore.Schema;
using Veza.EventStore.Verification;

namespace Veza.EventStore;

/// <summary>
/// The event log: opens it, and holds the parts that append, read, follow and coordinate. One per process.
/// </summary>
/// <remarks>
/// All of a node's memory and connections are of one history of the log (<see cref="TimelineGuard"/>). Any thread may
/// call it. A database that is away delays followers; each call says how it fails.
/// </remarks>
public sealed class EventLog : IDecisionLog, IAsyncDisposable
{
    private readonly TimelineGuard _guard;
    private readonly LogDataSources _sources;
    private readonly SubjectKeyStore _keys;
    private readonly LogFollower _follower;
    private readonly LogNotifications _notifications;
    private readonly Maintenance _maintenance;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger;
    private Task[] _loops = [];

    private EventLog(
        string connectionString,
        EventTypes types,
        ConnectionBudget budget,
        TimeProvider clock,
        ILoggerFactory loggers,
        long partitionEvents,
        KeyWrapping? wrapping,
        DiskSpace? disk
    )
    {
        _logger = loggers.CreateLogger<EventLog>();
        var node = Guid.CreateVersion7(clock.GetUtcNow());
        Disk = disk;
        Budget = budget;
        Tail = new();
        _guard = new(Tail, ForgetHistory, _logger);
        _sources = new(connectionString, budget, node, _guard);
        _keys = new(_sources.Keys, wrapping);
        Cipher = new(types, _keys);
        Reader = new(Database, Cipher);
        Snapshots = new(Database, Reader, Cipher, loggers.CreateLogger<Snapshots>());
        var erasures = new ErasureWatcher(Tail, Cipher, _keys, ForgetAggregates, clock);
        // Before the aggregates: what they see of an event is without what was erased before it.
        Tail.Watch(erasures.Watch, early: true);
        Aggregates = new(Snapshots, Tail);
        Coordinator = new(
            ProcessorsDatabase,
            node,
            () => HistoryGeneration,
            clock,
            loggers.CreateLogger<WorkCoordinator>()
        );
        Processors = new(Database);
        _follower = new(Tail, Reader, clock, _logger);
        _notifications = new(Database, Tail, _follower, Coordinator, clock, _logger);
        _maintenance = new(Database, () => Head, partitionEvents, clock, _logger);
        Appender = new(
            _sources.Append,
            Cipher,
            () => Tail.HistoryGeneration,
            _maintenance.MakeRoomAsync,
            Appended,
            clock,
            loggers.CreateLogger<Appender>(),
            disk
        );
    }

    public EventTypes Types => Cipher.Types;

    /// <summary>Encrypts and decrypts the personal texts in this log's events.</summary>
    public PersonalDataCipher Cipher { get; }

    public NpgsqlDataSource Database => _sources.Queries;

    /// <inheritdoc cref="LogDataSources.Runners"/>
    public NpgsqlDataSource ProcessorsDatabase => _sources.Runners;

    public Tail Tail { get; }
    public LogReader Reader { get; }
    public Snapshots Snapshots { get; }
    public AggregateCache Aggregates { get; }
    public Appender Appender { get; }

    /// <summary>Which node runs which projection, subscription and queue.</summary>
    public WorkCoordinator Coordinator { get; }

    /// <summary>The state of projections, subscriptions and queues on all nodes.</summary>
    public ProcessorStatus Processors { get; }

    /// <summary>
    /// Names this history of the log. It changes when a standby is promoted or a backup is restored, which may fork the
    /// history.
    /// </summary>
    public string Epoch => _guard.Epoch;

    public long Head => Tail.Head;

    /// <summary>The database's disk; null when another machine may hold it.</summary>
    public DiskSpace? Disk { get; }

    /// <summary>The most connections this process opens.</summary>
    public ConnectionBudget Budget { get; }

    /// <inheritdoc cref="Tail.HistoryGeneration"/>
    public int HistoryGeneration => Tail.HistoryGeneration;

    /// <summary>Applies the schema, finds the head and starts following.</summary>
    /// <param name="connectionString">
    /// Npgsql's form. Its largest pool is the most connections of this process, all kinds together; see
    /// <see cref="ConnectionBudget"/>.
    /// </param>
    /// <param name="partitionEvents">Events in each partition still to be made.</param>
    /// <param name="wrapping">
    /// Wraps the keys that personal texts are encrypted with; needed where the types have any.
    /// </param>
    /// <param name="disk">The database's, where this process can see it: when it is full, appends are refused.</param>
    /// <param name="names">Which event types change the holder of a name: only commands append those.</param>
    public static async Task<EventLog> OpenAsync(
        string connectionString,
        EventTypes types,
        TimeProvider clock,
        ILoggerFactory loggers,
        CancellationToken ct,
        long partitionEvents = Maintenance.PartitionEvents,
        KeyWrapping? wrapping = null,
        DiskSpace? disk = null,
        IReadOnlyList<NameRule>? names = null
    )
    {
        var allowed = await ConnectionBudget.AllowedAsync(connectionString, ct);
        var budget = ConnectionBudget.Of(new NpgsqlConnectionStringBuilder(connectionString).MaxPoolSize, allowed);
        var log = new EventLog(connectionString, types, budget, clock, loggers, partitionEvents, wrapping, disk);
        await LogSchema.ApplyAsync(log.Database, ct);
        await AppendRules.WriteAsync(log.Database, types, names ?? [], ct);
        await log._guard.StartAsync(log.Database, ct);
        await log._keys.CheckAsync(ct);
        await log.WarnOfTooManyConnectionsAsync(allowed, ct);
        await log._maintenance.MakeRoomAsync(0, ct);
        log.StartLoops();
        return log;
    }

    /// <summary>
    /// Reads all committed events, so that a decision does not miss another node's change.
    /// </summary>
    /// <exception cref="TimeoutException">The log was not read within five seconds.</exception>
    public Task CatchUpAsync(CancellationToken ct) => _follower.CatchUpAsync(ct);

    /// <summary>
    /// Fills the tail as if this node had run all the while. When a node restarts, all its subscribers come back
    /// together, and each would read the same pages from the database.
    /// </summary>
    public Task FillTailAsync(CancellationToken ct) => _follower.FillTailAsync(ct);

    /// <inheritdoc cref="LogDataSources.OpenFirstAsync"/>
    public Task OpenFirstConnectionsAsync(CancellationToken ct) => _sources.OpenFirstAsync(Budget, ct);

    /// <summary>
    /// Events after <paramref name="after"/>: from the tail, or from the database when the tail no longer holds them.
    /// Empty at the head.
    /// </summary>
    public ValueTask<List<RecordedEvent>> ReadAfterAsync(long after, int max, CancellationToken ct) =>
        _follower.ReadAfterAsync(after, max, ct);

    /// <summary>Every event after <paramref name="after"/>, in pages, until it is cancelled.</summary>
    /// <exception cref="HistoryForkedException">
    /// What was read so far may be of another history than what would follow.
    /// </exception>
    public IAsyncEnumerable<List<RecordedEvent>> FollowAsync(long after, int max, CancellationToken ct) =>
        _follower.FollowAsync(after, max, ct);

    /// <inheritdoc cref="Tail.ThrowIfForkedSince"/>
    public void ThrowIfForkedSince(int generation) => Tail.ThrowIfForkedSince(generation);

    /// <inheritdoc cref="SubjectKeyStore.LastingAsync"/>
    public Task<IReadOnlyDictionary<string, byte[]>> LastingKeysAsync(
        IReadOnlyDictionary<string, byte[]> first,
        CancellationToken ct
    ) => _keys.LastingAsync(first, ct);

    ValueTask<AggregateState> IDecisionLog.LoadAsync(Type aggregate, Guid stream, CancellationToken ct) =>
        Aggregates.LoadAsync(aggregate, stream, ct);

    void IDecisionLog.Drop(Guid stream) => Aggregates.Drop(stream);

    Task<AppendOutcome.Duplicate?> IDecisionLog.FindCommandAsync(Guid id, CancellationToken ct) =>
        Reader.FindCommandAsync(id, ct);

    Task<AppendOutcome> IDecisionLog.AppendAsync(AppendRequest request) => Appender.AppendAsync(request);

    internal LogNotifications Notifications => _notifications;

    /// <summary>More connections to the log's database, each checked as the log's own are.</summary>
    internal NpgsqlDataSource Connect(NpgsqlDataSourceBuilder builder) => _guard.Build(builder);

    public async ValueTask DisposeAsync()
    {
        await Coordinator.DisposeAsync();
        await Appender.DisposeAsync();
        await _stopping.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _sources.DisposeAsync();
    }

    private void StartLoops() =>
        _loops = [
            Task.Run(() => _follower.RunAsync(_stopping.Token)),
            Task.Run(() => _notifications.ListenAsync(_stopping.Token)),
            Task.Run(() => _notifications.NotifyAsync(_stopping.Token)),
            Task.Run(() => _maintenance.RunAsync(_stopping.Token)),
            Task.Run(() => Snapshots.RunAsync(_stopping.Token)),
        ];

    private async Task WarnOfTooManyConnectionsAsync(int allowed, CancellationToken ct)
    {
        var nodes = await NodeLeases.CountAsync(Database, ct) + 1;
        if (nodes * Budget.Total <= allowed)
            return;
        _logger.LogWarning(
            "This node opens up to {Total} connections, and {Others} others run; the database allows {Allowed} in all. "
                + "When all are busy some will be refused: "
                + "set DATABASE_POOL_SIZE to {Fits} on every node, or raise max_connections",
            Budget.Total,
            nodes - 1,
            allowed,
            allowed / nodes
        );
    }

    private void ForgetHistory()
    {
        Aggregates.Clear();
        _keys.Clear();
    }

    private void ForgetAggregates(Guid account) => Aggregates.ForgetPersonal(Cipher, account);

    private void Appended(IReadOnlyList<RecordedEvent> events, int generation)
    {
        // A batch without events was refused or answered by an earlier attempt: either way the log may have
        // moved on.
        if (events.Count == 0)
        {
            _follower.ReadNow();
            return;
        }
        if (!Tail.Publish(events, generation))
            _follower.ReadSoon();
        _notifications.Appended(events[^1].Position);
    }
}
