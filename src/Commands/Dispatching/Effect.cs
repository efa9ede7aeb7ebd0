using Veza.Domain;
using Veza.EventStore.Aggregates;

namespace Veza.Commands.Dispatching;

/// <summary>
/// A change that a handler returns when it does more than append to one aggregate. All effects of a command happen
/// together or not at all.
/// </summary>
public abstract record Effect
{
    /// <summary>Begins a stream that must not exist yet.</summary>
    public static Effect Start<TAggregate>(Guid id, params DomainEvent[] events) =>
        new AppendEvents(AggregateFold.Of<TAggregate>().StreamType, id, events, IsNew: true);

    /// <summary>
    /// Appends to the stream of an aggregate that the handler was given; begins it when it was missing.
    /// </summary>
    public static Effect Append<TAggregate>(Guid id, params DomainEvent[] events) =>
        new AppendEvents(AggregateFold.Of<TAggregate>().StreamType, id, events, IsNew: false);

    /// <summary>Claims a unique name. The command is refused when another owner holds it.</summary>
    public static Effect Claim(string scope, string name, Guid owner) =>
        new ChangeName(scope, name, owner, Claimed: true);

    public static Effect Release(string scope, string name, Guid owner) =>
        new ChangeName(scope, name, owner, Claimed: false);

    /// <summary>Destroys an account's key, which makes its personal texts in the log unreadable.</summary>
    public static Effect DestroyKey(Guid account) => new DestroysKey(account);

    internal sealed record AppendEvents(string StreamType, Guid Id, DomainEvent[] Events, bool IsNew) : Effect;

    internal sealed record DestroysKey(Guid Account) : Effect;

    internal sealed record ChangeName(string Scope, string Name, Guid Owner, bool Claimed) : Effect;
}
