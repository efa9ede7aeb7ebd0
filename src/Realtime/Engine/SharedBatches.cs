namespace Veza.Realtime.Engine;

/// <summary>
/// Caches the newest batches. Subscriptions to the same topic send equal batches at about the same time; sharing one
/// writes its JSON once. Any thread may call it; a race costs only a second copy.
/// </summary>
internal sealed class SharedBatches
{
    /// <summary>Enough for the topics that have events within the same few milliseconds.</summary>
    private const int BatchesMax = 256;

    /// <summary>A larger batch is of a client that catches up alone. The cache holds at most 4 MiB.</summary>
    private const int BytesMax = 16 << 10;

    private readonly LiveMessage.Batch?[] _batches = new LiveMessage.Batch?[BatchesMax];

    /// <param name="bytes">The size of the items' JSON.</param>
    public LiveMessage.Batch Make(string epoch, long previous, long position, IReadOnlyList<LiveItem> items, int bytes)
    {
        if (bytes > BytesMax)
            return new(epoch, previous, position, items);
        var first = items.Count == 0 ? 0 : items[0].Position;
        ref var slot = ref _batches[(uint)HashCode.Combine(previous, position, first) % BatchesMax];
        if (
            Volatile.Read(ref slot) is { } cached
            && cached.Previous == previous
            && cached.Position == position
            && cached.Epoch == epoch
            && Same(cached.Items, items)
        )
            return cached;
        var made = new LiveMessage.Batch(epoch, previous, position, items);
        Volatile.Write(ref slot, made);
        return made;
    }

    /// <remarks>
    /// An event has one item while the tail holds it. Later it may have another, with equal content.
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
