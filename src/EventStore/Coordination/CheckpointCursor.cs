using Npgsql;

namespace Veza.EventStore.Coordination;

/// <summary>A runner's checkpoint: where it is in the database, as far as this runner wrote or read it.</summary>
/// <remarks>
/// One runner uses it, from one loop. Another runner's move makes this one's fail (<see cref="Checkpoint"/>).
/// </remarks>
internal sealed class CheckpointCursor(string name, TimeProvider clock)
{
    private long _movedAt;

    /// <summary>Everything at or below it is done.</summary>
    public long Position { get; private set; }

    public TimeSpan SinceMoved => clock.GetElapsedTime(_movedAt);

    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken ct) =>
        Position = await Checkpoint.LoadAsync(name, connection, ct);

    /// <inheritdoc cref="Checkpoint.Move"/>
    public NpgsqlBatchCommand MoveTo(long position, (string Table, uint Identity)? rows = null) =>
        Checkpoint.Move(name, Position, position, rows);

    /// <summary>The move to a position is committed.</summary>
    public void Moved(long position)
    {
        Position = position;
        _movedAt = clock.GetTimestamp();
    }

    /// <returns>False when the database has another position: another runner moved it, or commits were lost.</returns>
    public async Task<bool> IsCurrentAsync(NpgsqlConnection connection, CancellationToken ct) =>
        await Checkpoint.FindAsync(name, connection, ct) == Position;
}
