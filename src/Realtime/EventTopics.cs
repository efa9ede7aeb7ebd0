using System.Text.Json;
using Veza.Domain;
using Veza.EventStore.Events;

namespace Veza.Realtime;

/// <summary>Which topics a capability's events concern, and how they look to a client.</summary>
public abstract class EventTopics
{
    internal sealed record Declaration(Func<object, Topic[]> Topics, Func<object, object>? Item, bool Anonymous);

    internal Dictionary<Type, Declaration> Declared { get; } = [];

    /// <param name="item">
    /// What clients get as the item's <c>data</c>; without it, the event as it stands in the log, its secrets left out.
    /// </param>
    /// <param name="anonymous">The item does not say who caused it.</param>
    protected void On<TEvent>(Func<TEvent, Topic[]> topics, Func<TEvent, object>? item = null, bool anonymous = false)
        where TEvent : DomainEvent =>
        Declared.Add(
            typeof(TEvent),
            new(e => topics((TEvent)e), item is null ? null : e => item((TEvent)e), anonymous)
        );
}

/// <summary>
/// Every capability's declarations together. An event that none of them names is on the topic <c>log</c> alone.
/// </summary>
public sealed class TopicMap
{
    private readonly Dictionary<Type, EventTopics.Declaration> _declared;

    public TopicMap(IEnumerable<EventTopics> capabilities) =>
        _declared = capabilities.SelectMany(c => c.Declared).ToDictionary();

    /// <summary>One of each class of declarations there is.</summary>
    public static TopicMap OfAllCapabilities() =>
        new(
            typeof(TopicMap)
                .Assembly.GetTypes()
                .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(EventTopics)))
                .Select(t => (EventTopics)Activator.CreateInstance(t)!)
        );

    /// <summary>The types of which some event may be on a topic beside the log.</summary>
    public IReadOnlySet<Type> Events => _declared.Keys.ToHashSet();

    /// <summary>Every topic the event is on, except the log, on which all are.</summary>
    internal Topic[] TopicsOf(RecordedEvent e)
    {
        // A declaration that fails at an event must not stop what is live for everybody: the event is then on the log
        // alone.
        try
        {
            return Find(e)?.Topics(e.Data!) ?? [];
        }
        catch (Exception)
        {
            return [];
        }
    }

    /// <returns>
    /// Null also for an event that this process cannot read: one poison event must not stop what is live.
    /// </returns>
    internal EventTopics.Declaration? Find(RecordedEvent e)
    {
        try
        {
            return e.Data is { } data ? _declared.GetValueOrDefault(data.GetType()) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
