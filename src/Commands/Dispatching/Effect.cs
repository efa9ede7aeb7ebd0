using Veza.Domain;
using Veza.EventStore.Aggregates;

namespace Veza.Commands.Dispatching;

/// <summary>
/// What a handler wants to happen beyond adding events to the aggregate it writes. All effects of a command happen
/// together or not at all.
/// </summary>
public abstract record Effect
{
    /// <summary>Begins a stream that must not exist yet.</summary>
    public static Effect Start<TModel>(Guid id, params DomainEvent[] events) =>
        new AppendEvents(AggregateFold.Of<TModel>().StreamType, id, events, IsNew: true);

    /// <summary>Adds to a stream whose model the handler was given; one that was not there is begun.</summary>
    public static Effect Append<TModel>(Guid id, params DomainEvent[] events) =>
        new AppendEvents(AggregateFold.Of<TModel>().StreamType, id, events, IsNew: false);

    /// <summary>Takes a name that only one owner may hold; the command is refused when another holds it.</summary>
    public static Effect Claim(string scope, string name, Guid owner) =>
        new ChangeName(scope, name, owner, Claimed: true);

    public static Effect Release(string scope, string name, Guid owner) =>
        new ChangeName(scope, name, owner, Claimed: false);

    /// <summary>Destroys the key of an account, so that nobody can read what is personal of it in the log.</summary>
    public static Effect DestroyKey(Guid account) => new DestroysKey(account);

    internal sealed record AppendEvents(string StreamType, Guid Id, DomainEvent[] Events, bool IsNew) : Effect;

    internal sealed record DestroysKey(Guid Account) : Effect;

    internal sealed record ChangeName(string Scope, string Name, Guid Owner, bool Claimed) : Effect;
}
