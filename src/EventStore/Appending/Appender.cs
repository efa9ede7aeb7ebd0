using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Appending;

/// <summary>
/// Appends commands to the log by group commit: those that arrive while a batch is in flight make up the next one.
/// </summary>
/// <remarks>
/// A command's events are all appended, contiguous and at the versions it expects, or none is. It is answered once its
/// commit is flushed; an outcome that stays unknown is reported as such. One batch is in flight and one fills, without
/// an artificial delay. Any thread may call it.
/// </remarks>
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

    /// <summary>A repeated command gets its first answer for a week, and a day more.</summary>
    public const int CommandsKeptDays = 8;

    /// <summary>How long a broken connection is tried again before the outcome is reported as unknown.</summary>
    public static readonly TimeSpan ResolveWithin = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A batch takes milliseconds, its flush included. A connection that is silent for longer is given up: it is
    /// broken, or the network drops its packets.
    /// </summary>
    public static readonly TimeSpan AttemptWithin = TimeSpan.FromSeconds(5);

    /// <summary>From a batch's first attempt to its last answer at the latest, also without a database.</summary>
    public static readonly TimeSpan AnsweredWithin = ResolveWithin + AttemptWithin;

    internal const string ApplicationName = "veza-append";

    private readonly Channel<PendingAppend> _queue = Channel.CreateBounded<PendingAppend>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true }
    );
    private readonly AppendConnection _connection;
    private readonly PersonalDataCipher _cipher;
    private readonly Func<int> _generation;
    private readonly Func<int, CancellationToken, Task> _makeRoom;
    private readonly Action<IReadOnlyList<RecordedEvent>, int> _appended;
    private readonly DiskSpace? _disk;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Task _loop;
    private PendingAppend? _held;
    private long _ownHead;
    private bool _shared;

    /// <param name="database">Its connections are used one at a time, by this appender alone.</param>
    /// <param name="makeRoom">Makes the partitions that so many more positions fall into.</param>
    /// <param name="appended">
    /// Called with every batch and the generation it was written in, after its commit and before its commands are
    /// answered.
    /// </param>
    /// <param name="generation">
    /// <see cref="EventLog.HistoryGeneration"/>; up to date once a connection is open.
    /// </param>
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
        _connection = new(database, logger);
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
        // Read before the keys are: a key that was made in a history that is gone encrypts nothing that is appended.
        var generation = request.HistoryGeneration ?? _generation();
        return MissingKeys(request) is { Count: > 0 } owners
            ? MakeKeysAsync(request, owners, generation)
            : AppendAsync(request, generation);
    }

    /// <summary>PostgreSQL panics when its write-ahead log finds no room, so writing stops before that.</summary>
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

    private async Task<AppendOutcome> MakeKeysAsync(AppendRequest request, List<Guid> owners, int generation)
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
        await _connection.DisposeAsync();
    }

    /// <summary>
    /// Answers the batch before while the server works on the next, so that the server waits as little as possible.
    /// Where other nodes append too, the server works on their batch now: this node answers first, and its next batch
    /// then holds what the answered callers send next.
    /// </summary>
    private async Task RunAsync()
    {
        Written? unanswered = null;
        while (true)
        {
            var isIdle = _held is null && !_queue.Reader.TryPeek(out _);
            if (unanswered is not null && (isIdle || _shared))
            {
                Answer(unanswered);
                unanswered = null;
            }
            if (isIdle && !await _queue.Reader.WaitToReadAsync())
                return;
            if (_shared)
                await Task.Yield();
            var writing = WriteAsync(NextBatch());
            if (unanswered is not null)
                Answer(unanswered);
            unanswered = await writing;
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

    private void Answer(Written written)
    {
        _appended(written.Events, written.HistoryGeneration);
        for (var i = 0; i < written.Outcomes.Length; i++)
            written.Batch.Commands[i].Outcome.TrySetResult(written.Outcomes[i]);
    }

    /// <returns>The outcomes to answer; null when a fault has answered them already.</returns>
    private async Task<Written?> WriteAsync(AppendBatch batch)
    {
        using var trace = CommandTraces.Begin("commit", batch.Trace);
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
            {
                _shared = events[0].Position != _ownHead + 1;
                _ownHead = events[^1].Position;
            }
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
            _connection.GiveUp();
            foreach (var command in batch.Commands)
                command.Outcome.TrySetException(new OutcomeUnknownException(command.Request.CommandId, fault));
        }
        return null;
    }

    /// <summary>
    /// Sends each command of a refused batch alone, so that only the culprit fails. Nothing of the batch was written.
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
                Answer(written);
        }
    }

    /// <summary>Writes what was decided on the present history; the rest must be decided again.</summary>
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
                    // Already sent, it may be in the history before the fork.
                    command.Outcome.TrySetResult(await FindOwnAsync(command).WaitAsync(AttemptWithin, _clock));
                }
                catch (Exception fault)
                {
                    command.Outcome.TrySetException(new OutcomeUnknownException(command.Request.CommandId, fault));
                }
            }
        }
        if (rest.Commands.Count > 0 && await WriteAsync(rest) is { } written)
            Answer(written);
    }

    private async Task<AppendOutcome> FindOwnAsync(PendingAppend command) =>
        await OwnEvents.FindAsync(command, await _connection.OpenAsync(new()));

    /// <summary>
    /// Sends a batch until its outcome is known. When the connection breaks, it is unknown whether the commit went
    /// through, and whether the server still works on it. The same batch is sent again, once the backend that had it is
    /// gone. Every change carries the exact version it expects, so the two can never both be appended: what the first
    /// one appended shows as a conflict with itself.
    /// </summary>
    private async Task<(
        AppendOutcome[] Outcomes,
        List<RecordedEvent> Events,
        int HistoryGeneration
    )> WriteUntilKnownAsync(AppendBatch batch)
    {
        var started = _clock.GetTimestamp();
        var isUnknown = false;
        for (var attempt = 1; ; attempt++)
        {
            var current = new AppendAttempt();
            try
            {
                return await WriteOnceAsync(batch, attempt, current).WaitAsync(AttemptWithin, _clock);
            }
            catch (PostgresException full)
                when (full.SqlState == PostgresErrorCodes.CheckViolation
                    && _clock.GetElapsedTime(started) < ResolveWithin
                )
            {
                // No partition holds the next position: maintenance, which makes them ahead, failed or was outrun.
                await MakeRoomAsync(batch, isUnknown);
            }
            catch (PostgresException full) when (DatabaseFaults.IsDiskFull(full))
            {
                throw NotAppended(full, isUnknown);
            }
            catch (PostgresException refused)
                when (isUnknown && !DatabaseFaults.IsUnavailable(refused) && !DatabaseFaults.LiesInTheData(refused))
            {
                // An earlier attempt may have been appended; this "no" speaks for the last only.
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
                isUnknown = true;
                _connection.GiveUp(current);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 20 << Math.Min(attempt, 6))), _clock);
            }
        }
    }

    private async Task MakeRoomAsync(AppendBatch batch, bool isUnknown)
    {
        try
        {
            await _makeRoom(batch.EventCount, CancellationToken.None);
        }
        catch (PostgresException full) when (DatabaseFaults.IsDiskFull(full))
        {
            throw NotAppended(full, isUnknown);
        }
    }

    /// <summary>The server itself reported that it has no room: another attempt would not help.</summary>
    private static IOException NotAppended(PostgresException full, bool isUnknown) =>
        isUnknown ? MaybeAppended(full) : new StorageFullException(full);

    private static IOException MaybeAppended(PostgresException refused) =>
        new($"the database refused what it may have appended before: {refused.MessageText}", refused);

    private async Task<(AppendOutcome[], List<RecordedEvent>, int)> WriteOnceAsync(
        AppendBatch batch,
        int attempt,
        AppendAttempt current
    )
    {
        var call = await _connection.OpenAsync(current);
        var generation = _generation();
        if (batch.Commands.Any(c => c.HistoryGeneration != generation))
            throw new HistoryForkedException();
        var (outcomes, events) = await batch.WriteAsync(call, CancellationToken.None);
        if (attempt > 1)
            await OwnEvents.RecogniseAsync(batch, outcomes, call.Connection);
        return (outcomes, events, generation);
    }

    private sealed record Written(
        AppendBatch Batch,
        AppendOutcome[] Outcomes,
        List<RecordedEvent> Events,
        int HistoryGeneration
    );
}
