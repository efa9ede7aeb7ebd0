using System.Runtime.CompilerServices;
using Veza.EventStore.Events;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// Holds the item of each event in memory, so that all subscribers of a node share one serialised form.
/// </summary>
/// <remarks>
/// An item lives as long as its event: the tail's bounds are this cache's. Any thread may call it; a look-up of an item
/// that exists takes no lock.
/// </remarks>
internal sealed class LiveItems(TopicMap map, ItemShapes shapes, EventJson writer)
{
    private readonly ConditionalWeakTable<RecordedEvent, LiveItem> _items = [];

    public LiveItem Of(RecordedEvent e)
    {
        if (_items.TryGetValue(e, out var item) && !item.IsStale)
            return item;
        lock (e)
        {
            if (_items.TryGetValue(e, out item) && !item.IsStale)
                return item;
            item = new(e, map, shapes, writer);
            _items.AddOrUpdate(e, item);
            return item;
        }
    }
}
