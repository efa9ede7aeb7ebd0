namespace Veza.Realtime;

/// <summary>
/// The newest batches. Who follows the same topic gets the same ones at about the same time, and their JSON is written
/// once for all of them.
/// </summary>
internal sealed class SharedBatches
{
    /// <summary>Topics in which something happens within the same few milliseconds.</summary>
    private const int BatchesMax = 256;

    /// <summary>With larger ones a client catches up, at a pace of its own; so no more than 4 MiB are held.</summary>
    private const int BytesMax = 16 << 10;

    private readonly LiveMessage.Batch?[] _batches = new LiveMessage.Batch?[BatchesMax];

    /// <param name="bytes">Of the items.</param>
    public LiveMessage.Batch Make(string epoch, long previous, long position, IReadOnlyList<LiveItem> items, int bytes)
    {
        if (bytes > BytesMax)
            return new(epoch, previous, position, items);
        var first = items.Count == 0 ? 0 : items[0].Position;
        ref var slot = ref _batches[(uint)HashCode.Combine(previous, position, first) % BatchesMax];
        if (
            Volatile.Read(ref slot) is { } known
            && known.Previous == previous
            && known.Position == position
            && known.Epoch == epoch
            && Same(known.Items, items)
        )
            return known;
        var made = new LiveMessage.Batch(epoch, previous, position, items);
        Volatile.Write(ref slot, made);
        return made;
    }

    /// <remarks>
    /// An event has one item, as long as the tail holds it; later it may have another, which says the same.
    /// </remarks>
    private static bool Same(IReadOnlyList<LiveItem> ones, IReadOnlyList<LiveItem> others)
    {
        if (ones.Count != others.Count)
            return false;
        for (var i = 0; i < ones.Count; i++)
            if (!ReferenceEquals(ones[i], others[i]))
                return false;
        return true;
    }
}
