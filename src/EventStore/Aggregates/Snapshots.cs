using System.Data;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;
using Veza.EventStore.Reading;

namespace Veza.EventStore.Aggregates;

/// <summary>An aggregate folded from its stream.</summary>
/// <param name="Folded">The number of events read for it.</param>
public sealed record LoadedAggregate(AggregateState State, long Folded);

/// <summary>
/// Folds aggregates from their streams, beginning at the newest snapshot, and writes snapshots of long streams in the
/// background. A snapshot is optional: without one, or with one of another schema or of a forked history, more events
/// are read.
/// </summary>
/// <remarks>
/// An aggregate must survive a round trip through JSON: its state is in public properties that its constructor takes.
/// </remarks>
public sealed class Snapshots(NpgsqlDataSource database, LogReader reader, PersonalDataCipher cipher, ILogger logger)
{
    /// <summary>
    /// Events between snapshots of a stream. Reading so many takes a few milliseconds, and few streams have as many.
    /// </summary>
    public const int EveryEvents = 500;

    /// <summary>
    /// Snapshots that wait to be written. One without a place is written at a later version. They share their
    /// aggregates with the cache, so waiting costs little memory.
    /// </summary>
    public const int WaitingMax = 256;

    // One statement, so that snapshot and events are from the same moment. It reads the snapshot's own event again and
    // returns the snapshot with it. A snapshot counts only if the log still has that event: then the stream's history
    // up to it is the same. It uses scalar subqueries and no join, also for the stream. So the index on streams gives
    // the order, and a long stream is sent while it is read.
    private const string Load = $"""
        with snapshot as materialized (
            select s.version, s.data::text as data from log.snapshots s
            where s.stream_id = $1 and s.model = $2 and s.shape = $3
              and exists (select from log.mt_events e
                          where e.seq_id = s.position and e.id = s.event_id
                            and e.stream_id = s.stream_id and e.version = s.version))
        select seq_id, id, stream_id, version, type, timestamp, causation_id, user_name, data::text,
               case when version = (select version from snapshot) then (select data from snapshot) end
        from log.mt_events
        where stream_id = (select $1) and version >= coalesce((select version from snapshot), 1)
          and {LogReader.Eight} >= coalesce((select {LogReader.Eight} from snapshot), 0)
        order by {LogReader.Eight}, version
        """;

    private readonly Channel<(AggregateFold Fold, Guid Stream, AggregateState State)> _waiting = Channel.CreateBounded<(
        AggregateFold,
        Guid,
        AggregateState
    )>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    /// <summary>
    /// Folds the aggregate from the log in one round trip, with one event at a time in memory.
    /// </summary>
    public async Task<LoadedAggregate> LoadAsync(AggregateFold fold, Guid stream, CancellationToken ct)
    {
        var loaded = await LoadAsync(fold, stream, fold.Shape, ct) ?? await LoadAsync(fold, stream, shape: [], ct);
        LogMetrics.AggregateEvents.Add(loaded!.Folded, new KeyValuePair<string, object?>("model", fold.StreamType));
        return loaded;
    }

    /// <summary>Queues a snapshot of an aggregate in its present state.</summary>
    /// <returns>False when the queue is full. Offer it again at a later version.</returns>
    internal bool TryOffer(AggregateFold fold, Guid stream, AggregateState state) =>
        _waiting.Writer.TryWrite((fold, stream, state));

    /// <summary>Writes the queued snapshots one at a time until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken ct)
    {
        await foreach (var (fold, stream, state) in _waiting.Reader.ReadAllAsync(ct))
        {
            try
            {
                await WriteAsync(fold, stream, state, ct);
                LogMetrics.SnapshotsWritten.Add(1);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                LogMetrics.SnapshotsFailed.Add(1);
                logger.LogWarning(
                    "A snapshot of {Model} {Stream} at version {Version} was not written, a later one is: {Reason}",
                    fold.StreamType,
                    stream,
                    state.Version,
                    fault.Message
                );
            }
        }
    }

    internal async Task WriteAsync(AggregateFold fold, Guid stream, AggregateState state, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            insert into log.snapshots (stream_id, model, version, position, event_id, shape, data)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (stream_id, model) do update set version = excluded.version, position = excluded.position,
                event_id = excluded.event_id, shape = excluded.shape, data = excluded.data, at = excluded.at
            """
        );
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fold.StreamType });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = state.Version });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = state.Position });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = state.EventId });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = fold.Shape });
        command.Parameters.Add(
            new NpgsqlParameter
            {
                Value = JsonSerializer.SerializeToUtf8Bytes(
                    await cipher.SealedAsync(state.State!, stream, ct),
                    fold.Aggregate,
                    cipher.Types.Json
                ),
                NpgsqlDbType = NpgsqlDbType.Jsonb,
            }
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <returns>Null when the snapshot cannot be read.</returns>
    private async Task<LoadedAggregate?> LoadAsync(AggregateFold fold, Guid stream, byte[] shape, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(Load, connection);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fold.StreamType });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = shape });
        // Prepared once per connection, since planning takes several times as long as running.
        await command.PrepareAsync(ct);
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var aggregate = new AggregateState(null, 0, 0, Guid.Empty);
        var folded = 0L;
        while (await rows.ReadAsync(ct))
        {
            var e = reader.Read(rows);
            if (!rows.IsDBNull(9))
            {
                if (Revive(fold, stream, rows.GetFieldValue<byte[]>(9)) is not { } state)
                    return null;
                aggregate = new(state, e.Version, e.Position, e.Id);
                continue;
            }
            aggregate = aggregate.After(e, fold);
            folded++;
        }
        return new(aggregate, folded);
    }

    private object? Revive(AggregateFold fold, Guid stream, byte[] json)
    {
        try
        {
            return cipher.Opened(JsonSerializer.Deserialize(json, fold.Aggregate, cipher.Types.Json), stream);
        }
        catch (Exception fault)
        {
            logger.LogWarning(
                "The snapshot of {Model} {Stream} cannot be read; the whole stream is read instead: {Reason}",
                fold.StreamType,
                stream,
                fault.Message
            );
            return null;
        }
    }
}
