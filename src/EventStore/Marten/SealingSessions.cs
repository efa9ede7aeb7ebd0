using System.Runtime.CompilerServices;
using JasperFx.Events;
using Marten;

namespace Veza.EventStore.Marten;

/// <summary>
/// Prepares the events that a session appends: creates and loads the keys of their personal texts, and notes each
/// event's id for the serializer. Marten calls it after inline projections, which see plain texts, and before it
/// writes.
/// </summary>
internal sealed class SealingSessions(EventTypes types, EventIds ids) : DocumentSessionListenerBase
{
    public override async Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token)
    {
        List<Guid>? owners = null;
        foreach (var e in session.PendingChanges.Streams().SelectMany(s => s.Events))
        {
            if (types.Personal.Of(e.EventType) is not { } personal)
                continue;
            ids.Note(e.Data, e.Id);
            (owners ??= []).AddRange(personal.Owners(e.Data));
        }
        if (owners is not null)
            await types.Personal.LoadAsync(owners, make: true, token);
    }
}

/// <summary>
/// The ids of events that are being appended, by the object of their data, for as long as that object lives.
/// </summary>
internal sealed class EventIds
{
    private readonly ConditionalWeakTable<object, object> _ids = [];

    /// <exception cref="InvalidOperationException">Two events share the same object.</exception>
    public void Note(object data, Guid id)
    {
        if ((Guid)_ids.GetValue(data, _ => id) != id)
            throw new InvalidOperationException(
                $"one {data.GetType().Name} object is in two events; it is sealed for one, so make another object"
            );
    }

    /// <exception cref="InvalidOperationException">The id must be known and is not.</exception>
    public Guid Of(object data, bool mustBeKnown)
    {
        if (_ids.TryGetValue(data, out var id))
            return (Guid)id;
        if (mustBeKnown)
            throw new InvalidOperationException(
                $"a {data.GetType().Name} is encrypted for its event's id; only a session's appends have one"
            );
        return Guid.Empty;
    }
}
