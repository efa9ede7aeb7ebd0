using Veza.EventStore.Events;

namespace Veza.Realtime.Engine;

/// <summary>
/// Reads a subscription's next page of events from the cheapest source that has it: the tail, the subscription's own
/// events by the index of topics, or all events from the database.
/// </summary>
/// <remarks>
/// A page never lacks an event of the subscription up to the position it returns. Only the subscription's reader calls
/// it. It throws when the database fails, when the log lacks events below its head, or when
/// <see cref="RealtimeLimits.WaitingMax"/> subscriptions wait for the database already.
/// </remarks>
internal sealed class SubscriptionReader(
    LiveEngine engine,
    SubscriptionCursor cursor,
    SubscriptionTopics topics,
    Guid account,
    string epoch
)
{
    private readonly int _generation = engine.Log.HistoryGeneration;
    private long _askIndexFrom;

    /// <summary>The log's epoch, as the client knows it.</summary>
    public string Epoch => epoch;

    /// <summary>
    /// Whether the log is, or may be, on another timeline than this subscription. To be asked after every read: epoch
    /// and generation change before events of the other timeline can be read.
    /// </summary>
    public bool IsOver => engine.Log.Epoch != epoch || engine.Log.HistoryGeneration != _generation;

    /// <returns>Up to here <paramref name="into"/> lacks no event of the subscription.</returns>
    public async ValueTask<long> ReadAsync(List<RecordedEvent> into, CancellationToken ct)
    {
        if (cursor.IsCaughtUp)
            return cursor.Position;
        var max = (int)Math.Min(engine.Limits.BatchItemsMax, cursor.Behind);
        if (engine.Log.Tail.TryRead(cursor.Position, max, into))
            return into[^1].Position;
        using (var turn = await engine.DatabaseTurns.TryEnterAsync(account, ct))
        {
            if (turn is null)
                throw new InvalidOperationException($"{engine.Limits.WaitingMax} subscriptions wait to read the log");
            LiveMetrics.ReadFromDatabase.Add(1);
            if (await ReadIndexedAsync(into, max, ct) is { } indexedTo)
                return indexedTo;
            into.AddRange(await engine.Log.ReadAfterAsync(cursor.Position, max, ct));
        }
        if (into.Count > 0)
            return into[^1].Position;
        return IsOver
            ? cursor.Position
            : throw new InvalidOperationException(
                $"the log has nothing after {cursor.Position} though its head was {cursor.ScanTo}"
            );
    }

    /// <returns>
    /// Null when reading all events is as cheap: few lie ahead, the client asked for the whole log, or the index does
    /// not reach far enough.
    /// </returns>
    private async Task<long?> ReadIndexedAsync(List<RecordedEvent> into, int max, CancellationToken ct)
    {
        if (topics.HasWholeLog || cursor.Position < _askIndexFrom)
            return null;
        // Looking up a topic costs about as much as reading an event.
        var atLeast = Math.Max(engine.Limits.IndexedFromEvents, topics.All.Count);
        var page = await engine.Index.ReadAsync([.. topics.All], cursor.Position, cursor.ScanTo, max, atLeast, ct);
        if (page is null)
        {
            _askIndexFrom = cursor.Position + atLeast;
            return null;
        }
        into.AddRange(page.Events);
        return page.ReadTo;
    }
}
