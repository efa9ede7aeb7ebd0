using Veza.Domain;

namespace Veza.Projections.Topics;

/// <summary>
/// Declares which topics a capability's events are on. Each subclass is listed in <c>TopicRegistry</c>.
/// </summary>
/// <remarks>
/// A changed declaration needs a new version of <see cref="TopicIndexProjection"/>, whose rows were written by the old
/// one. A test compares the two.
/// </remarks>
public abstract class EventTopics
{
    internal Dictionary<Type, Func<object, Topic[]>> Declared { get; } = [];

    protected void On<TEvent>(Func<TEvent, Topic[]> topics)
        where TEvent : DomainEvent => Declared.Add(typeof(TEvent), e => topics((TEvent)e));
}
