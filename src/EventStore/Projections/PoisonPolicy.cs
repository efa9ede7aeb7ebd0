using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>
/// Decides what becomes of an event that a projection cannot apply: another attempt, then skip it or stop before it
/// until an operator decides.
/// </summary>
/// <remarks>One runner uses it, from one loop.</remarks>
internal sealed class PoisonPolicy(string name, OnPoison onPoison, Retries retries)
{
    /// <summary>
    /// With more events skipped in a row the projection itself is broken, and it stops instead.
    /// </summary>
    public const int SkippedInARowMax = 10;

    private readonly HashSet<long> _skipped = [];
    private int _failedAttempts;
    private int _skippedInARow;

    public bool IsSkipped(long position) => _skipped.Contains(position);

    /// <summary>Reads which events after a checkpoint are skipped.</summary>
    /// <returns>The event that the projection stopped before; null when there is none.</returns>
    public async Task<ParkedEvent?> LoadAsync(long checkpoint, NpgsqlConnection connection, CancellationToken ct)
    {
        _skipped.Clear();
        foreach (var e in await FindAsync(ParkedState.Skipped, checkpoint, int.MaxValue, connection, ct))
            _skipped.Add(e.Position);
        return (await FindAsync(ParkedState.Standing, checkpoint, 1, connection, ct)).FirstOrDefault();
    }

    /// <summary>Events were applied: attempts and skips are counted anew.</summary>
    public void Applied()
    {
        _failedAttempts = 0;
        _skippedInARow = 0;
    }

    /// <summary>Counts an attempt that failed at one event alone.</summary>
    /// <param name="isNewer">
    /// A later release wrote the event and can read it: parking it would be this release's mistake.
    /// </param>
    /// <returns>How the event is to be parked; null when it is tried again after <paramref name="wait"/>.</returns>
    public ParkedEvent? Failed(RecordedEvent e, Exception fault, bool isNewer, out TimeSpan wait)
    {
        _failedAttempts++;
        if (_failedAttempts < retries.AttemptsMax || isNewer)
        {
            wait = retries.WaitAfter(_failedAttempts);
            return null;
        }
        var skips = onPoison == OnPoison.Skip && _skippedInARow < SkippedInARowMax;
        var parked = new ParkedEvent(
            e.Position,
            skips ? ParkedState.Skipped : ParkedState.Standing,
            $"{e.Type}: {fault.Message}",
            _failedAttempts
        );
        _failedAttempts = 0;
        wait = TimeSpan.Zero;
        return parked;
    }

    /// <summary>The skip is committed.</summary>
    public void Skipped() => _skippedInARow++;

    /// <returns>Whether an operator has decided about an event the projection stopped before.</returns>
    public async Task<bool> IsDecidedAsync(ParkedEvent parked, NpgsqlConnection connection, CancellationToken ct)
    {
        var before = parked.Position - 1;
        if (await FindAsync(ParkedState.Standing, before, 1, connection, ct) is not [])
            return false;
        if (
            await FindAsync(ParkedState.Skipped, before, 1, connection, ct) is [var skipped]
            && skipped.Position == parked.Position
        )
        {
            _skipped.Add(parked.Position);
            _skippedInARow = 0;
        }
        return true;
    }

    private Task<List<ParkedEvent>> FindAsync(
        ParkedState state,
        long after,
        int max,
        NpgsqlConnection connection,
        CancellationToken ct
    ) => ParkedEvents.FindAsync(name, state, after, max, connection, ct);
}
