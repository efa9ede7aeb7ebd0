using System.Collections.Frozen;
using System.Text.Json;
using Veza.Domain;
using Veza.EventStore.Events;

namespace Veza.Realtime.Engine;

/// <summary>How clients see an event type whose stored properties are not all for them.</summary>
/// <param name="Data">Makes the item's <c>data</c> from the event.</param>
/// <param name="Anonymous">Whether the item leaves out who caused the event.</param>
public sealed record ItemShape(Type Event, Func<object, object> Data, bool Anonymous)
{
    public static ItemShape Of<TEvent>(Func<TEvent, object> data, bool anonymous = false)
        where TEvent : DomainEvent => new(typeof(TEvent), e => data((TEvent)e), anonymous);
}

/// <summary>
/// Finds the shape of an event. An event type without one is shown as it is stored, without its secrets. Any thread may
/// call it.
/// </summary>
public sealed class ItemShapes(IEnumerable<ItemShape> shapes)
{
    private readonly FrozenDictionary<Type, ItemShape> _shapes = shapes.ToFrozenDictionary(s => s.Event);

    /// <returns>Null also for an event that this process cannot read.</returns>
    internal ItemShape? Find(RecordedEvent e)
    {
        try
        {
            return e.Data is { } data ? _shapes.GetValueOrDefault(data.GetType()) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
