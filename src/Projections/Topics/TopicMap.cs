using Veza.EventStore.Events;

namespace Veza.Projections.Topics;

/// <summary>
/// Finds the topics of any event from all capabilities' declarations. An event without a declaration is on the topic
/// <c>log</c> alone. Any thread may call it.
/// </summary>
public sealed class TopicMap
{
    private readonly Dictionary<Type, Func<object, Topic[]>> _declared;

    /// <exception cref="ArgumentException">Two capabilities declare the same event.</exception>
    public TopicMap(IEnumerable<EventTopics> capabilities) =>
        _declared = capabilities.SelectMany(c => c.Declared).ToDictionary();

    /// <summary>The event types that have a declaration.</summary>
    public IReadOnlySet<Type> Events => _declared.Keys.ToHashSet();

    /// <summary>
    /// Every topic the event is on, except the log, which has all events. An event that this process cannot read, or
    /// whose declaration throws, has none: one such event must not stop the live topics of all others.
    /// </summary>
    public Topic[] TopicsOf(RecordedEvent e)
    {
        try
        {
            return e.Data is { } data && _declared.TryGetValue(data.GetType(), out var topics) ? topics(data) : [];
        }
        catch (Exception)
        {
            return [];
        }
    }
}
