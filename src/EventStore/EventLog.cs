using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;
using Veza.EventStore.Reading;

namespace Veza.EventStore;

/// <summary>The one event log: appending, reading, following. One per process.</summary>
public sealed class EventLog : IDecisionLog, IAsyncDisposable
{
    private const string NotifyChannel = "veza_log";

    /// <summary>What Marten's daemons listen on.</summary>
    private const string MartenChannel = "mt_events_appended";

    /// <summary>The truth is polled, in case a notification was lost with its connection.</summary>
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Other nodes are woken at most this often, and what they appended is read at most this often: all there is each
    /// time.
    /// </summary>
    private static readonly TimeSpan NotifyEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Reading what other nodes appended meanwhile takes milliseconds; after this long the database is away.
    /// </summary>
    public static readonly TimeSpan CatchUpWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Filling the tail takes some hundred milliseconds; a node whose database is slower than this starts without.
    /// </summary>
    private static readonly TimeSpan FillWithin = TimeSpan.FromSeconds(3);

    private const int RunnersTimeoutSeconds = 2;

    /// <summary>
    /// How long somebody who had begun to read an event may hold on to what an account wrote that is erased meanwhile.
    /// </summary>
    private static readonly TimeSpan ForgetAgainAfter = TimeSpan.FromMilliseconds(500);

    private readonly TimelineGuard _guard;
    private readonly NpgsqlDataSource _keysSource;
    private readonly SubjectKeyStore _keys;
    private readonly NpgsqlDataSource _appendSource;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Wakeup _lookNow = new();
    private readonly Wakeup _tellOthers = new();
    private long _appendedTo;

    // Another node has told of what it appended, or somebody waits to know of it.
    private volatile bool _lookAtOnce;
    private readonly NpgsqlDataSource _runnersSource;
    private readonly Maintenance _maintenance;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private Task[] _loops = [];

    private EventLog(
        string connectionString,
        EventTypes types,
        ConnectionBudget shares,
        TimeProvider clock,
        ILoggerFactory loggers,
        long partitionEvents,
        byte[]? keySecret,
        DiskSpace? disk
    )
    {
        Disk = disk;
        _clock = clock;
        _logger = loggers.CreateLogger<EventLog>();
        Shares = shares;
        Tail = new();
        _guard = new(Tail, ForgetHistory, _logger);
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = DataSources.Queries };
        builder.ConnectionStringBuilder.MaxPoolSize = shares.Queries;
        // Not prepared automatically: a statement that fails while it is being prepared leaves its connection broken
        // for whoever uses it next.
        Database = _guard.Build(builder);
        var keys = new NpgsqlDataSourceBuilder(connectionString) { Name = DataSources.Keys };
        keys.ConnectionStringBuilder.MaxPoolSize = shares.Keys;
        _keysSource = _guard.Build(keys);
        _keys = new(_keysSource, keySecret);
        Cipher = new(types, _keys);
        // Before the others that watch: what they see of an event is without what was erased before it.
        Tail.Watch(WatchErasures, atOnce: true);
        var append = new NpgsqlDataSourceBuilder(connectionString) { Name = DataSources.Append };
        append.ConnectionStringBuilder.Options = AppendCall.ConnectionOptions;
        append.ConnectionStringBuilder.WriteBufferSize = AppendCall.BufferBytes;
        append.ConnectionStringBuilder.ApplicationName = Appender.ApplicationName;
        // The appender keeps its one connection itself, and gives one up without waiting for it.
        append.ConnectionStringBuilder.Pooling = false;
        append.ConnectionStringBuilder.Timeout = (int)Appender.AttemptWithin.TotalSeconds;
        // The appender limits each attempt. A limit of Npgsql's own would ask the server to cancel, and a commit that
        // waits for its standby, cancelled, becomes visible before it is safe.
        append.ConnectionStringBuilder.CommandTimeout = 0;
        _appendSource = _guard.Build(append);
        var node = Guid.CreateVersion7(clock.GetUtcNow());
        var runners = new NpgsqlDataSourceBuilder(connectionString) { Name = DataSources.Runners };
        // What they write can be written again from the log; a flush for each would slow every command.
        runners.ConnectionStringBuilder.Options = "-c synchronous_commit=off";
        runners.ConnectionStringBuilder.ApplicationName = NodeLeases.SessionName("runners", node);
        runners.ConnectionStringBuilder.MaxPoolSize = shares.Runners;
        // A renewal that takes longer has failed: there must be time for another before the lease ends.
        runners.ConnectionStringBuilder.Timeout = runners.ConnectionStringBuilder.CommandTimeout =
            RunnersTimeoutSeconds;
        _runnersSource = _guard.Build(runners);
        Owners = new(_runnersSource, node, () => HistoryGeneration, clock, loggers.CreateLogger<WorkCoordinator>());
        Runners = new(Database);
        Reader = new(Database, Cipher);
        Snapshots = new(Database, Reader, Cipher, loggers.CreateLogger<Snapshots>());
        Models = new(Snapshots, Tail);
        _maintenance = new(Database, () => Head, partitionEvents, clock, _logger);
        Appender = new(
            _appendSource,
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

    public NpgsqlDataSource Database { get; }
    public Tail Tail { get; }
    public LogReader Reader { get; }
    public Snapshots Snapshots { get; }
    public AggregateCache Models { get; }
    public Appender Appender { get; }

    /// <summary>Which node runs what of all that runs behind the log.</summary>
    public WorkCoordinator Owners { get; }

    /// <summary>How all that is, on whichever node it runs.</summary>
    public ProcessorStatus Runners { get; }

    /// <summary>
    /// Names this history of the log. It changes when a standby is promoted or a backup is restored, which may fork the
    /// history.
    /// </summary>
    public string Epoch => _guard.Epoch;

    public long Head => Tail.Head;

    /// <summary>The database's disk; null when another machine may hold it.</summary>
    public DiskSpace? Disk { get; }

    /// <summary>The connections this process opens at most.</summary>
    public ConnectionBudget Shares { get; }

    /// <inheritdoc cref="Tail.HistoryGeneration"/>
    public int HistoryGeneration => Tail.HistoryGeneration;

    /// <summary>Applies the schema, finds the head and starts following.</summary>
    /// <param name="connectionString">
    /// Npgsql's form. Its largest pool is the most connections of this process, all kinds together; see
    /// <see cref="ConnectionBudget"/>.
    /// </param>
    /// <param name="partitionEvents">Events in each partition still to be made.</param>
    /// <param name="keySecret">
    /// Wraps the keys that personal texts are sealed with; needed where the types have any.
    /// </param>
    /// <param name="disk">
    /// The database's, where this process can see it: when it is full, appending is refused at once.
    /// </param>
    /// <param name="names">Which event types change who holds a name: those are appended by commands alone.</param>
    public static async Task<EventLog> OpenAsync(
        string connectionString,
        EventTypes types,
        TimeProvider clock,
        ILoggerFactory loggers,
        CancellationToken ct,
        long partitionEvents = Maintenance.PartitionEvents,
        byte[]? keySecret = null,
        DiskSpace? disk = null,
        IReadOnlyList<Verification.NameRule>? names = null
    )
    {
        var allowed = await ConnectionBudget.AllowedAsync(connectionString, ct);
        var shares = ConnectionBudget.Of(new NpgsqlConnectionStringBuilder(connectionString).MaxPoolSize, allowed);
        var log = new EventLog(connectionString, types, shares, clock, loggers, partitionEvents, keySecret, disk);
        await Schema.LogSchema.ApplyAsync(log.Database, ct);
        await Schema.AppendRules.WriteAsync(log.Database, types, names ?? [], ct);
        await log._guard.StartAsync(log.Database, ct);
        await log._keys.CheckAsync(ct);
        await log.WarnOfTooManyAsync(allowed, ct);
        await log._maintenance.MakeRoomAsync(0, ct);
        log._loops =
        [
            Task.Run(log.FollowAsync, ct),
            Task.Run(log.ListenAsync, ct),
            Task.Run(log.NotifyAsync, ct),
            Task.Run(() => log._maintenance.RunAsync(log._stopping.Token), ct),
            Task.Run(() => log.Snapshots.RunAsync(log._stopping.Token), ct),
        ];
        return log;
    }

    /// <summary>
    /// Brings this node up to what is committed now, so that a decision does not rest on what another node has changed
    /// since.
    /// </summary>
    /// <exception cref="TimeoutException">Reading the log took longer than <see cref="CatchUpWithin"/>.</exception>
    public async Task CatchUpAsync(CancellationToken ct)
    {
        var head = await Reader.HeadAsync(ct);
        if (Head >= head)
            return;
        LookAtOnce();
        // A fork brings the node to the head it finds.
        var generation = HistoryGeneration;
        while (Head < head && HistoryGeneration == generation)
            await Tail.WaitAsync(Head, ct).WaitAsync(CatchUpWithin, _clock, ct);
    }

    /// <summary>
    /// Reads into the tail what it would hold had this node run all the while, newest first: when a node restarts, all
    /// its subscribers come back at once, and each would read the same pages from the database.
    /// </summary>
    public async Task FillTailAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(FillWithin);
        try
        {
            List<RecordedEvent> events;
            int generation;
            do
            {
                generation = HistoryGeneration;
                events = await Reader.ReadAsync(
                    new(UpTo: Tail.Oldest - 1) { Backwards = true },
                    LogReader.PageEventsMax,
                    limit.Token
                );
            } while (Tail.FillBackwards(events, generation));
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            _logger.LogWarning("The tail is not filled with what came before this start: {Reason}", fault.Message);
        }
    }

    /// <summary>
    /// Events after <paramref name="after"/>: from the tail, or from the database when the tail no longer holds them.
    /// Empty at the head.
    /// </summary>
    public async ValueTask<List<RecordedEvent>> ReadAfterAsync(long after, int max, CancellationToken ct)
    {
        var events = new List<RecordedEvent>((int)Math.Clamp(Head - after, 0, max));
        if (Tail.TryRead(after, max, events))
            return events;
        events.Clear();
        return await Reader.ReadAsync(
            after,
            Head,
            Math.Min(max, LogReader.PageEventsMax),
            only: null,
            stream: null,
            ct
        );
    }

    /// <summary>Every event after <paramref name="after"/>, in pages, for as long as it is asked.</summary>
    /// <exception cref="HistoryForkedException">
    /// What was read so far may be of another history than what would follow.
    /// </exception>
    public async IAsyncEnumerable<List<RecordedEvent>> FollowAsync(
        long after,
        int max,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var generation = HistoryGeneration;
        while (!ct.IsCancellationRequested)
        {
            var events = await ReadAfterAsync(after, max, ct);
            ThrowIfForkedSince(generation);
            if (events.Count == 0)
            {
                await Tail.WaitAsync(after, ct);
                continue;
            }
            after = events[^1].Position;
            yield return events;
        }
    }

    /// <exception cref="HistoryForkedException">
    /// There was a fork since <see cref="HistoryGeneration"/> was <paramref name="forks"/>.
    /// </exception>
    public void ThrowIfForkedSince(int generation)
    {
        if (HistoryGeneration != generation)
            throw new HistoryForkedException();
    }

    ValueTask<AggregateState> IDecisionLog.LoadAsync(Type aggregate, Guid stream, CancellationToken ct) =>
        Models.LoadAsync(aggregate, stream, ct);

    void IDecisionLog.Drop(Guid stream) => Models.Drop(stream);

    Task<AppendOutcome.Duplicate?> IDecisionLog.FindCommandAsync(Guid id, CancellationToken ct) =>
        Reader.FindCommandAsync(id, ct);

    Task<AppendOutcome> IDecisionLog.AppendAsync(AppendRequest request) => Appender.AppendAsync(request);

    /// <summary>More connections to the log's database, looked at like the log's own.</summary>
    internal NpgsqlDataSource Connect(NpgsqlDataSourceBuilder builder) => _guard.Build(builder);

    /// <summary>
    /// Connections for what runs behind the log: they commit without waiting for the flush, and are ended when another
    /// node takes its place.
    /// </summary>
    public NpgsqlDataSource RunnersDatabase => _runnersSource;

    public async ValueTask DisposeAsync()
    {
        await Owners.DisposeAsync();
        await Appender.DisposeAsync();
        await _stopping.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _appendSource.DisposeAsync();
        await _runnersSource.DisposeAsync();
        await _keysSource.DisposeAsync();
        await Database.DisposeAsync();
    }

    private async Task WarnOfTooManyAsync(int allowed, CancellationToken ct)
    {
        var nodes = await NodeLeases.CountAsync(Database, ct) + 1;
        if (nodes * Shares.Total <= allowed)
            return;
        _logger.LogWarning(
            "This node opens up to {Total} connections, and {Others} others run; the database allows {Allowed} in all. When all are busy some will be refused: "
                + "set DATABASE_POOL_SIZE to {Fits} on every node, or raise max_connections",
            Shares.Total,
            nodes - 1,
            allowed,
            allowed / nodes
        );
    }

    private void ForgetHistory()
    {
        Models.Clear();
        _keys.Clear();
    }

    private void WatchErasures(RecordedEvent e)
    {
        if (Cipher.ErasedBy(e) is { } account)
            ForgetSoon(account);
        // Written beside the erasure by a node that had not seen it.
        else if (_keys.AnyGone && Cipher.HoldsErased(e))
            e.Forget();
    }

    // A method of its own: what it captures would otherwise be made for every event.
    private void ForgetSoon(Guid account)
    {
        _keys.Forget(account);
        _ = Task.Run(() => ForgetAsync(account));
    }

    private async Task ForgetAsync(Guid account)
    {
        for (var pass = 1; pass <= 2; pass++)
        {
            Models.ForgetPersonal(Cipher, account);
            Tail.Forget(e => Cipher.HoldsOf(e, account));
            if (pass == 1)
                await Task.Delay(ForgetAgainAfter, _clock);
        }
    }

    private void Appended(IReadOnlyList<RecordedEvent> events, int generation)
    {
        // A batch without events of its own was refused or answered by an earlier attempt: either way there is
        // something to catch up with.
        if (events.Count == 0)
        {
            LookAtOnce();
            return;
        }
        Volatile.Write(ref _appendedTo, events[^1].Position);
        if (!Tail.Publish(events, generation))
            _lookNow.Set();
        _tellOthers.Set();
    }

    private void LookAtOnce()
    {
        _lookAtOnce = true;
        _lookNow.Set();
    }

    private async Task FollowAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _lookNow.WaitAsync(PollEvery, _stopping.Token);
                // What others appended before this node's own is read with what comes in a moment, rather than a batch
                // at a time.
                if (!_lookAtOnce)
                    await Task.Delay(NotifyEvery, _clock, _stopping.Token);
                _lookAtOnce = false;
                List<RecordedEvent> events;
                do
                {
                    var generation = HistoryGeneration;
                    // Milliseconds, as a rule: a connection that swallows everything must not hold up the node for as
                    // long as an analyst's query may take.
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                    limit.CancelAfter(CatchUpWithin);
                    events = await Reader.ReadAsync(
                        Head,
                        long.MaxValue,
                        LogReader.PageEventsMax,
                        only: null,
                        stream: null,
                        limit.Token
                    );
                    Tail.Publish(events, generation);
                } while (events.Count == LogReader.PageEventsMax);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                _logger.LogWarning("Reading the log's tail failed and is tried again: {Reason}", fault.Message);
                await Task.Delay(PollEvery, _clock);
            }
        }
    }

    private async Task ListenAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await Database.OpenConnectionAsync(_stopping.Token);
                connection.Notification += (_, told) =>
                {
                    if (told.Channel == WorkCoordinator.Channel)
                        Owners.RenewSoon();
                    else if (long.TryParse(told.Payload, out var head) && head > Head)
                        LookAtOnce();
                };
                await using (
                    var listen = new NpgsqlCommand(
                        $"listen {NotifyChannel}; listen {WorkCoordinator.Channel}",
                        connection
                    )
                )
                    await listen.ExecuteNonQueryAsync(_stopping.Token);
                await connection.HearNotificationsAsync(_stopping.Token);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                // Perhaps all connections broke, and a node of which the database has none is soon taken for gone.
                Owners.RenewSoon();
                _logger.LogWarning(
                    "Listening for other nodes' appends broke off and is taken up again: {Reason}",
                    fault.Message
                );
                await Task.Delay(PollEvery, _clock);
            }
        }
    }

    private async Task NotifyAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _tellOthers.WaitAsync(_stopping.Token);
                await using var notify = Database.CreateCommand(
                    $"select pg_notify('{NotifyChannel}', $1), pg_notify('{MartenChannel}', '')"
                );
                notify.Parameters.Add(
                    new NpgsqlParameter<string>
                    {
                        TypedValue = Math.Max(Head, Volatile.Read(ref _appendedTo))
                            .ToString(System.Globalization.CultureInfo.InvariantCulture),
                    }
                );
                await notify.ExecuteNonQueryAsync(_stopping.Token);
                await Task.Delay(NotifyEvery, _clock, _stopping.Token);
            }
            catch (Exception fault) when (!_stopping.IsCancellationRequested)
            {
                _logger.LogDebug(fault, "Waking the other nodes failed; they poll");
                await Task.Delay(PollEvery, _clock);
            }
        }
    }
}
