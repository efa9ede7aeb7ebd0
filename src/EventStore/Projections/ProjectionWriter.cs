using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>Folds events into a projection's rows, and writes rows and checkpoint in one transaction.</summary>
/// <remarks>
/// The checkpoint moves by compare-and-set: when another runner moved it, or another table took the rows' place,
/// nothing is written and the call throws. One runner uses it, from one loop.
/// </remarks>
/// <param name="name">Of the checkpoint: the projection's, or that of one shard.</param>
internal sealed class ProjectionWriter(
    EventLog log,
    IProjection projection,
    string name,
    NpgsqlDataSource database,
    TimeProvider clock
)
{
    private readonly CheckpointCursor _checkpoint = new(name, clock);
    private uint _table;
    private int _generation;
    private (long Position, uint Table)? _beyond;
    private IProjectionRows _rows = null!;

    /// <summary>Everything at or below it is in the rows.</summary>
    public long Checkpoint => _checkpoint.Position;

    public TimeSpan SinceCheckpoint => _checkpoint.SinceMoved;

    /// <summary>Finds the table that serves and the checkpoint of its rows.</summary>
    /// <exception cref="NotServingException">The views show another version's rows.</exception>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        _generation = log.HistoryGeneration;
        await using (var transaction = await connection.BeginTransactionAsync(ct))
            _table = await ServingTables.FindServingAsync(projection.Name, connection, transaction, ct)
                ?? throw new NotServingException();
        // Only for a projection that serves: one that was withdrawn must not get a new checkpoint.
        await _checkpoint.LoadAsync(connection, ct);
        DropRows();
    }

    /// <exception cref="ProjectionBeyondHeadException">The rows hold events that the log no longer has.</exception>
    public async Task ThrowIfBeyondHeadAsync(CancellationToken ct)
    {
        // Remembered, as the log may grow past it, which brings back none of the events that the rows hold. A rebuilt
        // table does.
        if (Checkpoint > await log.Reader.HeadAsync(ct))
            _beyond = (Checkpoint, _table);
        if (_beyond == (Checkpoint, _table))
            throw new ProjectionBeyondHeadException(name, Checkpoint);
        _beyond = null;
    }

    /// <exception cref="HistoryForkedException">The log was forked since this writer was loaded.</exception>
    public void ThrowIfForked() => log.ThrowIfForkedSince(_generation);

    /// <summary>Drops the rows in memory: a fold that failed may have changed some.</summary>
    public void DropRows() => _rows = projection.Open(ServingTables.TableOf(projection.Name), RowsUse.Live);

    /// <summary>Applies events and moves the checkpoint.</summary>
    /// <param name="events">Those that concern the projection; may be empty.</param>
    /// <param name="last">The position up to which everything is then done.</param>
    /// <param name="parked">An event to record as parked in the same transaction.</param>
    public async Task WriteAsync(
        IReadOnlyList<RecordedEvent> events,
        long last,
        ParkedEvent? parked,
        CancellationToken ct
    )
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        // Opening the connection may have found a fork; the events are then of the history before.
        ThrowIfForked();
        await using var batch = new NpgsqlBatch(connection);
        var table = ServingTables.TableOf(projection.Name);
        try
        {
            if (events.Count > 0)
            {
                await _rows.FoldAsync(connection, events, ct);
                _rows.AddWrites(batch);
            }
            if (parked is not null)
                batch.BatchCommands.Add(ParkedEvents.Park(name, parked));
            batch.BatchCommands.Add(_checkpoint.MoveTo(last, (table, _table)));
            await batch.ExecuteNonQueryAsync(ct);
        }
        catch (PostgresException fault) when (Coordination.Checkpoint.IsElsewhere(fault))
        {
            throw new ProjectionFencedException(name, Checkpoint);
        }
        catch (PostgresException fault)
            when (Coordination.Checkpoint.IsOfAnotherTable(fault) || fault.SqlState == PostgresErrorCodes.UndefinedTable
            )
        {
            throw new TableReplacedException(table);
        }
        _checkpoint.Moved(last);
    }

    /// <exception cref="ProjectionFencedException">The checkpoint is not where this writer left it.</exception>
    public async Task ThrowIfFencedAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await _checkpoint.IsCurrentAsync(connection, ct))
            throw new ProjectionFencedException(name, Checkpoint);
    }
}
