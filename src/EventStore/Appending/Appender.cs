using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Appending;

/// <summary>
/// Appends by group commit: commands that arrive while a batch is in flight make up the next one. One batch in flight,
/// one filling; no artificial delay.
/// </summary>
public sealed class Appender : IAsyncDisposable
{
    /// <summary>Commands in a batch: beyond this the flush is shared so widely that only latency grows.</summary>
    public const int BatchCommandsMax = 512;

    /// <summary>Events in a batch, so that one batch holds the log's lock for milliseconds only.</summary>
    public const int BatchEventsMax = 4096;

    /// <summary>
    /// Commands waiting at most; about half a second of work. More are refused at once rather than answered late.
    /// </summary>
    public const int QueueMax = 16_384;
    public const int CommandsKeptDays = 8;

    /// <summary>How long a broken connection is tried again before the outcome is reported as unknown.</summary>
    public static readonly TimeSpan ResolveWithin = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A batch takes milliseconds, its flush included; a connection that is silent for longer is given up, be it broken
    /// or swallowed by something between.
    /// </summary>
    public static readonly TimeSpan AttemptWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// From a batch's first attempt to its last answer at the latest, whatever happens to the database.
    /// </summary>
    public static readonly TimeSpan AnsweredWithin = ResolveWithin + AttemptWithin;

    /// <summary>An idle backend ends at once when it is told to.</summary>
    private const int EndFormerWithinMs = 1000;
    internal const string ApplicationName = "veza-append";

    private readonly Channel<PendingAppend> _queue = Channel.CreateBounded<PendingAppend>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true }
    );
    private readonly NpgsqlDataSource _database;
    private readonly PersonalDataCipher _cipher;
    private readonly Func<int> _generation;
    private readonly Func<int, CancellationToken, Task> _makeRoom;
    private readonly Action<IReadOnlyList<RecordedEvent>, int> _appended;
    private readonly DiskSpace? _disk;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _taking = new();
    private readonly Task _loop;
    private PendingAppend? _held;
    private NpgsqlConnection? _connection;
    private AppendCall? _call;
    private long _ownHead;
    private bool _shared;
    private int _processId;
    private int? _former;

    /// <param name="database">Its connections are used one at a time, by this appender alone.</param>
    /// <param name="makeRoom">Makes the partitions that so many more positions fall into.</param>
    /// <param name="appended">
    /// Is told of every batch, with the forks known when it was written, after its commit and before its commands are
    /// answered.
    /// </param>
    /// <param name="forks">How many forks of the log this node has met; up to date once a connection is open.</param>
    /// <param name="disk">The database's, where this process can see it.</param>
    public Appender(
        NpgsqlDataSource database,
        PersonalDataCipher cipher,
        Func<int> generation,
        Func<int, CancellationToken, Task> makeRoom,
        Action<IReadOnlyList<RecordedEvent>, int> appended,
        TimeProvider clock,
        ILogger logger,
        DiskSpace? disk = null
    )
    {
        _database = database;
        _cipher = cipher;
        _generation = generation;
        _makeRoom = makeRoom;
        _appended = appended;
        _clock = clock;
        _logger = logger;
        _disk = disk;
        _loop = Task.Run(RunAsync);
        LogMetrics.ObserveQueue(() => _queue.Reader.Count);
    }

    /// <summary>Answers once the command's commit is flushed.</summary>
    /// <exception cref="LogBusyException">The queue is full.</exception>
    /// <exception cref="StorageFullException">The database's disk is full; the command is not appended.</exception>
    /// <exception cref="OutcomeUnknownException">The database broke off and stayed away.</exception>
    public Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        if (DiskIsFull)
            return Task.FromException<AppendOutcome>(new StorageFullException());
        // Known before the keys are looked at: one that was made in a history that is gone seals nothing that is
        // appended.
        var generation = request.HistoryGeneration ?? _generation();
        return MissingKeys(request) is { Count: > 0 } owners
            ? MakeKeysAsync(request, owners, generation)
            : AppendAsync(request, generation);
    }

    /// <summary>PostgreSQL panics when its write-ahead log finds no room, so that writing stops before that.</summary>
    private bool DiskIsFull => _disk is { IsFull: true };

    /// <returns>The accounts whose texts the command adds and whose keys are not in memory; null when none.</returns>
    private List<Guid>? MissingKeys(AppendRequest request)
    {
        if (!_cipher.Types.HasPersonalData)
            return null;
        List<Guid>? missing = null;
        foreach (var change in request.Changes)
        foreach (var data in change.Events)
            _cipher.AddMissingKeys(data, ref missing);
        return missing;
    }

    private async Task<AppendOutcome> MakeKeysAsync(
        AppendRequest request,
        IReadOnlyCollection<Guid> owners,
        int generation
    )
    {
        await _cipher.LoadAsync(owners, make: true, CancellationToken.None);
        return await AppendAsync(request, generation);
    }

    private Task<AppendOutcome> AppendAsync(AppendRequest request, int generation)
    {
        var pending = new PendingAppend(request, _cipher, generation);
        if (pending.EventCount > BatchEventsMax)
            throw new ArgumentException(
                $"a command adds {pending.EventCount} events; {nameof(BatchEventsMax)} is {BatchEventsMax}",
                nameof(request)
            );
        if (!_queue.Writer.TryWrite(pending))
            throw _queue.Reader.Completion.IsCompleted
                ? new ObjectDisposedException(nameof(Appender))
                : new LogBusyException(QueueMax);
        return pending.Outcome.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        await CloseAsync(_connection);
    }

    /// <summary>
    /// While the server works on a batch, the outcomes of the one before are told: between two batches the server waits
    /// for no more than it must. Where other nodes append too, it works on their batch now, and the next one of this
    /// node is made when those just told may have come back with more: it is larger for that.
    /// </summary>
    private async Task RunAsync()
    {
        Written? untold = null;
        while (true)
        {
            var isIdle = _held is null && !_queue.Reader.TryPeek(out _);
            if (untold is not null && (isIdle || _shared))
            {
                Tell(untold);
                untold = null;
            }
            if (isIdle && !await _queue.Reader.WaitToReadAsync())
                return;
            if (_shared)
                await Task.Yield();
            var writing = WriteAsync(NextBatch());
            if (untold is not null)
                Tell(untold);
            untold = await writing;
        }
    }

    private AppendBatch NextBatch()
    {
        var batch = new AppendBatch(_cipher, Math.Min(BatchCommandsMax, _queue.Reader.Count + 1));
        if (_held is not null)
            batch.TryAdd(_held);
        _held = null;
        while (batch.Commands.Count < BatchCommandsMax && _queue.Reader.TryRead(out var next))
        {
            if (batch.EventCount + next.EventCount <= BatchEventsMax && batch.TryAdd(next))
                continue;
            _held = next;
            break;
        }
        return batch;
    }

    private void Tell(Written written)
    {
        _appended(written.Events, written.HistoryGeneration);
        for (var i = 0; i < written.Outcomes.Length; i++)
            written.Batch.Commands[i].Outcome.TrySetResult(written.Outcomes[i]);
    }

    /// <returns>What is to be told; null when it was told already, because the batch met a fault.</returns>
    private async Task<Written?> WriteAsync(AppendBatch batch)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            if (DiskIsFull)
                throw new StorageFullException();
            var (outcomes, events, generation) = await WriteUntilKnownAsync(batch);
            LogMetrics.BatchWritten(
                batch.Commands.Count,
                events.Count,
                Stopwatch.GetElapsedTime(batch.Commands[0].AskedAt, started),
                Stopwatch.GetElapsedTime(started)
            );
            if (events.Count > 0)
                (_shared, _ownHead) = (events[0].Position != _ownHead + 1, events[^1].Position);
            return new(batch, outcomes, events, generation);
        }
        catch (HistoryForkedException)
        {
            await WriteAfterForkAsync(batch);
        }
        catch (PostgresException refused) when (!DatabaseFaults.IsUnavailable(refused))
        {
            await WriteOneByOneAsync(batch, refused);
        }
        catch (StorageFullException full)
        {
            foreach (var command in batch.Commands)
                command.Outcome.TrySetException(full);
        }
        catch (Exception fault)
        {
            _logger.LogError(fault, "The outcome of {Commands} commands is unknown", batch.Commands.Count);
            GiveUpConnection();
            foreach (var command in batch.Commands)
                command.Outcome.TrySetException(new OutcomeUnknownException(command.Request.CommandId, fault));
        }
        return null;
    }

    /// <summary>
    /// The database refused the batch as a whole, so nothing of it was written: each command is tried alone and only
    /// the culprit fails.
    /// </summary>
    private async Task WriteOneByOneAsync(AppendBatch batch, PostgresException refused)
    {
        if (batch.Commands is [var culprit])
        {
            culprit.Outcome.TrySetException(refused);
            return;
        }
        foreach (var command in batch.Commands)
        {
            var alone = new AppendBatch(_cipher, 1);
            alone.TryAdd(command);
            if (await WriteAsync(alone) is { } written)
                Tell(written);
        }
    }

    /// <summary>What was decided on the lost history is to be decided again; the rest is written.</summary>
    private async Task WriteAfterForkAsync(AppendBatch batch)
    {
        var rest = new AppendBatch(_cipher, batch.Commands.Count);
        foreach (var command in batch.Commands)
        {
            if (command.HistoryGeneration == _generation())
                rest.TryAdd(command);
            else
            {
                try
                {
                    // Already sent, it may have reached what is now the history before the fork.
                    command.Outcome.TrySetResult(await FindOwnAsync(command).WaitAsync(AttemptWithin, _clock));
                }
                catch (Exception fault)
                {
                    command.Outcome.TrySetException(new OutcomeUnknownException(command.Request.CommandId, fault));
                }
            }
        }
        if (rest.Commands.Count > 0 && await WriteAsync(rest) is { } written)
            Tell(written);
    }

    private async Task<AppendOutcome> FindOwnAsync(PendingAppend command) =>
        await OwnEvents.FindAsync(command, await OpenAsync(new(true)));

    /// <summary>
    /// When the connection breaks, nobody knows whether the commit went through, nor whether the server still works on
    /// it. The same batch is sent again, once the backend that had it is gone. Every change carries the exact version
    /// it expects, so the two can never both be appended: what the first one appended shows as a conflict with itself.
    /// </summary>
    private async Task<(
        AppendOutcome[] Outcomes,
        List<RecordedEvent> Events,
        int HistoryGeneration
    )> WriteUntilKnownAsync(AppendBatch batch)
    {
        var started = _clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            var given = new StrongBox<bool>(true);
            try
            {
                return await WriteOnceAsync(batch, attempt, given).WaitAsync(AttemptWithin, _clock);
            }
            catch (PostgresException full)
                when (full.SqlState == PostgresErrorCodes.CheckViolation
                    && _clock.GetElapsedTime(started) < ResolveWithin
                )
            {
                // No partition holds the next position: whoever makes them ahead was kept from it, or the log outran
                // it.
                await MakeRoomAsync(batch, attempt);
            }
            catch (PostgresException full) when (DatabaseFaults.IsDiskFull(full))
            {
                throw NotAppended(full, attempt);
            }
            catch (PostgresException refused)
                when (attempt > 1 && !DatabaseFaults.IsUnavailable(refused) && !DatabaseFaults.LiesInTheData(refused))
            {
                // The first attempt may have been appended all the same; this "no" speaks for the second only.
                throw MaybeAppended(refused);
            }
            // A server whose disk is full does not come back by itself within the time a caller waits.
            catch (Exception broken)
                when (DatabaseFaults.IsUnavailable(broken)
                    && _clock.GetElapsedTime(started) < ResolveWithin
                    && !DiskIsFull
                )
            {
                _logger.LogWarning(
                    "Append attempt {Attempt} broke off ({Reason}); sending it again to learn its outcome",
                    attempt,
                    broken.Message
                );
                GiveUpConnection(given);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 20 << Math.Min(attempt, 6))), _clock);
            }
        }
    }

    private async Task MakeRoomAsync(AppendBatch batch, int attempt)
    {
        try
        {
            await _makeRoom(batch.EventCount, CancellationToken.None);
        }
        catch (PostgresException full) when (DatabaseFaults.IsDiskFull(full))
        {
            throw NotAppended(full, attempt);
        }
    }

    /// <summary>
    /// The server said itself that it has no room: that is an answer, which a later try does not improve.
    /// </summary>
    private static IOException NotAppended(PostgresException full, int attempt) =>
        attempt == 1 ? new StorageFullException(full) : MaybeAppended(full);

    private static IOException MaybeAppended(PostgresException refused) =>
        new($"the database refused what it may have appended before: {refused.MessageText}", refused);

    private async Task<(AppendOutcome[], List<RecordedEvent>, int)> WriteOnceAsync(
        AppendBatch batch,
        int attempt,
        StrongBox<bool> given
    )
    {
        var call = await OpenAsync(given);
        var generation = _generation();
        if (batch.Commands.Any(c => c.HistoryGeneration != generation))
            throw new HistoryForkedException();
        var (outcomes, events) = await batch.WriteAsync(call, CancellationToken.None);
        if (attempt > 1)
            await OwnEvents.RecogniseAsync(batch, outcomes, call.Connection);
        return (outcomes, events, generation);
    }

    /// <param name="given">False once the attempt is given up: what it opens then is nobody's.</param>
    private async Task<AppendCall> OpenAsync(StrongBox<bool> given)
    {
        if (_connection is { State: System.Data.ConnectionState.Open } && _call is not null)
            return _call;
        GiveUpConnection();
        var connection = await _database.OpenConnectionAsync();
        try
        {
            await EndFormerAsync(connection);
            var call = await AppendCall.PrepareAsync(connection, CancellationToken.None);
            lock (_taking)
            {
                if (!given.Value)
                    throw new TimeoutException("the attempt was given up");
                _connection = connection;
                _call = call;
                _processId = connection.ProcessID;
            }
            return call;
        }
        catch
        {
            await CloseAsync(connection);
            throw;
        }
    }

    /// <summary>
    /// The backend of the connection before may not have read its batch yet. Were the batch answered through this one,
    /// the other could still append later what was refused here. While it works it is left alone: it may be waiting for
    /// the log's lock, or for its standby.
    /// </summary>
    private async Task EndFormerAsync(NpgsqlConnection connection)
    {
        if (_former is not { } former)
            return;
        await using var end = new NpgsqlCommand(
            $"select state <> 'active' and pg_terminate_backend(pid, {EndFormerWithinMs}) from pg_stat_activity where pid = $1 and application_name = '{ApplicationName}'",
            connection
        );
        end.Parameters.Add(new NpgsqlParameter<int> { TypedValue = former });
        if (await end.ExecuteScalarAsync() is false)
            throw new TimeoutException($"backend {former} still works on the batch");
        if (_former == former)
            _former = null;
    }

    /// <summary>Does not wait for what is under way on it: that may never end.</summary>
    private void GiveUpConnection(StrongBox<bool>? given = null)
    {
        NpgsqlConnection? broken;
        lock (_taking)
        {
            if (given is not null)
                given.Value = false;
            broken = _connection;
            (_connection, _call) = (null, null);
        }
        if (broken is null)
            return;
        _former = _processId;
        _ = CloseAsync(broken);
    }

    private async Task CloseAsync(NpgsqlConnection? connection)
    {
        if (connection is null)
            return;
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or InvalidOperationException)
        {
            _logger.LogDebug(fault, "Closing a broken connection failed");
        }
    }

    private sealed record Written(
        AppendBatch Batch,
        AppendOutcome[] Outcomes,
        List<RecordedEvent> Events,
        int HistoryGeneration
    );
}
