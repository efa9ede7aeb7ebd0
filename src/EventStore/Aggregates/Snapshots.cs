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

/// <summary>A model folded from its stream.</summary>
/// <param name="Folded">Events read for it.</param>
public sealed record LoadedModel(AggregateState Model, long Folded);

/// <summary>
/// Folds models from their streams, beginning with the newest snapshot where there is one, and writes snapshots of long
/// streams in the background. A snapshot is never needed: one that is missing, of another shape or of a history that
/// was forked off costs reading the events it would have spared.
/// </summary>
/// <remarks>
/// A model must come back from JSON as it was: all it knows stands in public properties that its constructor takes.
/// </remarks>
public sealed class Snapshots(NpgsqlDataSource database, LogReader reader, PersonalDataCipher cipher, ILogger logger)
{
    /// <summary>
    /// Events after which a stream deserves another snapshot: reading so many takes a few milliseconds, and few streams
    /// ever have as many.
    /// </summary>
    public const int EveryEvents = 500;

    /// <summary>
    /// Snapshots waiting to be written; one that finds no place is made later. They share their models with the cache,
    /// so that waiting costs little.
    /// </summary>
    public const int WaitingMax = 256;

    // One statement, so that snapshot and events are of one moment. The event that the snapshot was made at is read
    // again and brings it; only when that very event stands in the log is there a snapshot: the stream then goes at
    // least so far, and as it did. Scalar subqueries and no join, also for the stream: the index on streams then gives
    // the order, and a long stream is sent as it is read.
    private const string Load = $"""
        with snapshot as materialized (
            select s.version, s.data::text as data from log.snapshots s
            where s.stream_id = $1 and s.model = $2 and s.shape = $3
              and exists (select from log.mt_events e where e.seq_id = s.position and e.id = s.event_id and e.stream_id = s.stream_id and e.version = s.version))
        select seq_id, id, stream_id, version, type, timestamp, causation_id, user_name, data::text,
               case when version = (select version from snapshot) then (select data from snapshot) end
        from log.mt_events where stream_id = (select $1) and version >= coalesce((select version from snapshot), 1) and {LogReader.Eight} >= coalesce((select {LogReader.Eight} from snapshot), 0)
        order by {LogReader.Eight}, version
        """;

    private readonly Channel<(AggregateFold Fold, Guid Stream, AggregateState Model)> _waiting = Channel.CreateBounded<(
        AggregateFold,
        Guid,
        AggregateState
    )>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });

    /// <summary>
    /// The model as the log has it now: one round trip, and no more of the stream in memory than one event.
    /// </summary>
    public async Task<LoadedModel> LoadAsync(AggregateFold fold, Guid stream, CancellationToken ct)
    {
        var loaded = await LoadAsync(fold, stream, fold.Shape, ct) ?? await LoadAsync(fold, stream, shape: [], ct);
        LogMetrics.ModelEvents.Add(loaded!.Folded, new KeyValuePair<string, object?>("model", fold.StreamType));
        return loaded;
    }

    /// <summary>Asks for a snapshot of a model as it is now.</summary>
    /// <returns>False when there is no place: ask again at a later version.</returns>
    internal bool TryOffer(AggregateFold fold, Guid stream, AggregateState model) =>
        _waiting.Writer.TryWrite((fold, stream, model));

    /// <summary>Writes what is offered, one at a time, until it is cancelled.</summary>
    internal async Task RunAsync(CancellationToken ct)
    {
        await foreach (var (fold, stream, model) in _waiting.Reader.ReadAllAsync(ct))
        {
            try
            {
                await WriteAsync(fold, stream, model, ct);
                LogMetrics.SnapshotsWritten.Add(1);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                LogMetrics.SnapshotsFailed.Add(1);
                logger.LogWarning(
                    "A snapshot of {Model} {Stream} at version {Version} was not written; a later one will do: {Reason}",
                    fold.StreamType,
                    stream,
                    model.Version,
                    fault.Message
                );
            }
        }
    }

    internal async Task WriteAsync(AggregateFold fold, Guid stream, AggregateState model, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            insert into log.snapshots (stream_id, model, version, position, event_id, shape, data) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (stream_id, model) do update set version = excluded.version, position = excluded.position, event_id = excluded.event_id,
                shape = excluded.shape, data = excluded.data, at = excluded.at
            """
        );
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fold.StreamType });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = model.Version });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = model.Position });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = model.EventId });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = fold.Shape });
        command.Parameters.Add(
            new NpgsqlParameter
            {
                Value = JsonSerializer.SerializeToUtf8Bytes(
                    await cipher.SealedAsync(model.State!, stream, ct),
                    fold.Model,
                    cipher.Types.Json
                ),
                NpgsqlDbType = NpgsqlDbType.Jsonb,
            }
        );
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <returns>Null when there is a snapshot that cannot be read.</returns>
    private async Task<LoadedModel?> LoadAsync(AggregateFold fold, Guid stream, byte[] shape, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(Load, connection);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fold.StreamType });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = shape });
        // Once per connection: planning it takes several times as long as running it.
        await command.PrepareAsync(ct);
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var model = new AggregateState(null, 0, 0, Guid.Empty);
        var folded = 0L;
        while (await rows.ReadAsync(ct))
        {
            var e = reader.Read(rows);
            if (!rows.IsDBNull(9))
            {
                if (Revive(fold, stream, rows.GetFieldValue<byte[]>(9)) is not { } state)
                    return null;
                model = new(state, e.Version, e.Position, e.Id);
                continue;
            }
            model = model.After(e, fold);
            folded++;
        }
        return new(model, folded);
    }

    private object? Revive(AggregateFold fold, Guid stream, byte[] json)
    {
        try
        {
            return cipher.Opened(JsonSerializer.Deserialize(json, fold.Model, cipher.Types.Json), stream);
        }
        catch (Exception fault)
        {
            logger.LogWarning(
                "The snapshot of {Model} {Stream} cannot be read, so its whole stream is: {Reason}",
                fold.StreamType,
                stream,
                fault.Message
            );
            return null;
        }
    }
}
