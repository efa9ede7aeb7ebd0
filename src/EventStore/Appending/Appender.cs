using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Veza.EventStore.Appending;

/// <summary>Appends by group commit: commands that arrive while a batch is in flight make up the next one. One batch in flight, one filling; no artificial delay.</summary>
public sealed class Appender : IAsyncDisposable
{
    /// <summary>Commands in a batch: beyond this the flush is shared so widely that only latency grows.</summary>
    public const int BatchCommandsMax = 512;
    /// <summary>Events in a batch, so that one batch holds the log's lock for milliseconds only.</summary>
    public const int BatchEventsMax = 4096;
    /// <summary>Commands waiting at most; about half a second of work. More are refused at once rather than answered late.</summary>
    public const int QueueMax = 16_384;
    public const int CommandsKeptDays = 8;
    /// <summary>How long a broken connection is tried again before the outcome is reported as unknown.</summary>
    public static readonly TimeSpan ResolveWithin = TimeSpan.FromSeconds(15);

    private readonly Channel<PendingAppend> _queue = Channel.CreateBounded<PendingAppend>(new BoundedChannelOptions(QueueMax) { SingleReader = true });
    private readonly NpgsqlDataSource _database;
    private readonly EventTypes _types;
    private readonly Func<long> _head;
    private readonly Func<int, CancellationToken, Task> _makeRoom;
    private readonly Action<IReadOnlyList<RecordedEvent>> _appended;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Task _loop;
    private PendingAppend? _held;
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _call;

    /// <param name="database">Its connections are used one at a time, by this appender alone.</param>
    /// <param name="makeRoom">Makes the partitions that so many more positions fall into.</param>
    /// <param name="appended">Is told of every batch after its commit and before its commands are answered.</param>
    /// <param name="head">A position that this node has seen.</param>
    public Appender(NpgsqlDataSource database, EventTypes types, Func<long> head, Func<int, CancellationToken, Task> makeRoom,
        Action<IReadOnlyList<RecordedEvent>> appended, TimeProvider clock, ILogger logger)
    {
        (_database, _types, _head, _makeRoom, _appended, _clock, _logger) = (database, types, head, makeRoom, appended, clock, logger);
        _loop = Task.Run(RunAsync);
        LogMetrics.ObserveQueue(() => _queue.Reader.Count);
    }

    /// <summary>Answers once the command's commit is flushed.</summary>
    /// <exception cref="LogBusyException">The queue is full.</exception>
    /// <exception cref="OutcomeUnknownException">The database broke off and stayed away.</exception>
    public Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        var pending = new PendingAppend(request, _types);
        if (pending.EventCount > BatchEventsMax)
            throw new ArgumentException($"a command adds {pending.EventCount} events; {nameof(BatchEventsMax)} is {BatchEventsMax}", nameof(request));
        if (!_queue.Writer.TryWrite(pending))
            throw _queue.Reader.Completion.IsCompleted ? new ObjectDisposedException(nameof(Appender)) : new LogBusyException(QueueMax);
        return pending.Outcome.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        await CloseAsync();
    }

    /// <summary>While the server works on a batch, the outcomes of the one before are told: between two batches the server waits for no more than it must.</summary>
    private async Task RunAsync()
    {
        Written? untold = null;
        while (true)
        {
            if (_held is null && !_queue.Reader.TryPeek(out _))
            {
                if (untold is not null) Tell(untold);
                untold = null;
                if (!await _queue.Reader.WaitToReadAsync()) return;
            }
            var writing = WriteAsync(NextBatch());
            if (untold is not null) Tell(untold);
            untold = await writing;
        }
    }

    private Batch NextBatch()
    {
        var batch = new Batch(_types);
        if (_held is not null) batch.TryAdd(_held);
        _held = null;
        while (batch.Commands.Count < BatchCommandsMax && _queue.Reader.TryRead(out var next))
        {
            if (batch.EventCount + next.EventCount <= BatchEventsMax && batch.TryAdd(next)) continue;
            _held = next;
            break;
        }
        return batch;
    }

    private void Tell(Written written)
    {
        _appended(written.Events);
        for (var i = 0; i < written.Outcomes.Length; i++) written.Batch.Commands[i].Outcome.TrySetResult(written.Outcomes[i]);
    }

    /// <returns>What is to be told; null when it was told already, because the batch met a fault.</returns>
    private async Task<Written?> WriteAsync(Batch batch)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var (outcomes, events) = await WriteUntilKnownAsync(batch);
            LogMetrics.BatchWritten(batch.Commands.Count, events.Count, Stopwatch.GetElapsedTime(batch.Commands[0].AskedAt, started), Stopwatch.GetElapsedTime(started));
            return new(batch, outcomes, events);
        }
        catch (PostgresException refused) when (!DatabaseFaults.IsUnavailable(refused))
        {
            await WriteOneByOneAsync(batch, refused);
        }
        catch (Exception fault)
        {
            _logger.LogError(fault, "The outcome of {Commands} commands is unknown", batch.Commands.Count);
            await CloseAsync();
            foreach (var command in batch.Commands) command.Outcome.TrySetException(new OutcomeUnknownException(command.Request.CommandId, fault));
        }
        return null;
    }

    /// <summary>The database refused the batch as a whole, so nothing of it was written: each command is tried alone and only the culprit fails.</summary>
    private async Task WriteOneByOneAsync(Batch batch, PostgresException refused)
    {
        if (batch.Commands is [var culprit])
        {
            culprit.Outcome.TrySetException(refused);
            return;
        }
        foreach (var command in batch.Commands)
        {
            var alone = new Batch(_types);
            alone.TryAdd(command);
            if (await WriteAsync(alone) is { } written) Tell(written);
        }
    }

    /// <summary>
    /// When the connection breaks, nobody knows whether the commit went through, nor whether the server still works on it. The same batch is sent again. Every
    /// change carries the exact version it expects, so the two can never both be appended: what the first one appended shows as a conflict with itself.
    /// </summary>
    private async Task<(AppendOutcome[], List<RecordedEvent>)> WriteUntilKnownAsync(Batch batch)
    {
        var started = _clock.GetTimestamp();
        var before = _head();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var call = await OpenAsync();
                var (outcomes, events) = await batch.WriteAsync(call, CancellationToken.None);
                if (attempt > 1) await RecogniseOwnAsync(batch, outcomes, before, call.Connection!);
                return (outcomes, events);
            }
            catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.CheckViolation && _clock.GetElapsedTime(started) < ResolveWithin)
            {
                // No partition holds the next position: whoever makes them ahead was kept from it, or the log outran it.
                await _makeRoom(batch.EventCount, CancellationToken.None);
            }
            catch (PostgresException refused) when (attempt > 1 && !DatabaseFaults.IsUnavailable(refused) && !DatabaseFaults.LiesInTheData(refused))
            {
                // The first attempt may have been appended all the same; this "no" speaks for the second only.
                throw new IOException($"the database refused what it may have appended before: {refused.MessageText}", refused);
            }
            catch (Exception broken) when (DatabaseFaults.IsUnavailable(broken) && _clock.GetElapsedTime(started) < ResolveWithin)
            {
                _logger.LogWarning("Append attempt {Attempt} broke off ({Reason}); sending it again to learn its outcome", attempt, broken.Message);
                await CloseAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 20 << Math.Min(attempt, 6))), _clock);
            }
        }
    }

    /// <summary>A command that conflicts with its own events was appended by an earlier attempt. Its first event has its id.</summary>
    private static async Task RecogniseOwnAsync(Batch batch, AppendOutcome[] outcomes, long after, NpgsqlConnection connection)
    {
        var refused = Enumerable.Range(0, outcomes.Length).Where(i => outcomes[i] is AppendOutcome.VersionConflict && batch.Commands[i].EventCount > 0)
            .ToDictionary(i => batch.Commands[i].Request.CommandId);
        if (refused.Count == 0) return;
        await using var find = new NpgsqlCommand("select id, seq_id, version, timestamp from log.mt_events where seq_id > $1 and id = any ($2)", connection);
        find.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        find.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. refused.Keys] });
        await using var rows = await find.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            var i = refused[rows.GetGuid(0)];
            var first = batch.Commands[i].Request.Changes.First(c => c.Events.Count > 0);
            outcomes[i] = new AppendOutcome.Accepted(
                rows.GetInt64(2) + first.Events.Count - 1, rows.GetInt64(1) + batch.Commands[i].EventCount - 1, rows.GetFieldValue<DateTimeOffset>(3));
        }
    }

    private async Task<NpgsqlCommand> OpenAsync()
    {
        if (_connection is { State: System.Data.ConnectionState.Open } && _call is not null) return _call;
        await CloseAsync();
        _connection = await _database.OpenConnectionAsync();
        return _call = await Batch.PrepareAsync(_connection, CancellationToken.None);
    }

    private async Task CloseAsync()
    {
        if (_connection is null) return;
        var broken = _connection;
        (_connection, _call) = (null, null);
        try { await broken.DisposeAsync(); }
        catch (Exception fault) when (fault is NpgsqlException or IOException or InvalidOperationException) { _logger.LogDebug(fault, "Closing a broken connection failed"); }
    }

    private sealed record Written(Batch Batch, AppendOutcome[] Outcomes, List<RecordedEvent> Events);
}
