using System.Runtime.CompilerServices;
using JasperFx.Events;
using Marten;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Marten;

/// <summary>
/// Prepares what a session is about to append: makes and loads the keys of those whose personal texts are in it, and
/// notes each event's id for the serializer. Marten calls it after inline projections, which see the texts in the
/// clear, and before it writes.
/// </summary>
internal sealed class SealingSessions(PersonalDataCipher cipher, EventIds ids) : DocumentSessionListenerBase
{
    public override async Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token)
    {
        List<Guid>? owners = null;
        foreach (var e in session.PendingChanges.Streams().SelectMany(s => s.Events))
        {
            if (cipher.Types.PersonalOf(e.EventType) is not { } personal)
                continue;
            ids.Note(e.Data, e.Id);
            (owners ??= []).AddRange(personal.Owners(e.Data));
        }
        if (owners is not null)
            await cipher.LoadAsync(owners, make: true, token);
    }
}

/// <summary>
/// The ids of events that are being appended, by the object that holds their data. Kept no longer than that object
/// lives.
/// </summary>
internal sealed class EventIds
{
    private readonly ConditionalWeakTable<object, object> _ids = [];

    /// <exception cref="InvalidOperationException">The same object stands in two events.</exception>
    public void Note(object data, Guid id)
    {
        if ((Guid)_ids.GetValue(data, _ => id) != id)
            throw new InvalidOperationException(
                $"one {data.GetType().Name} object is in two events; it is sealed for one, so make another object"
            );
    }

    /// <exception cref="InvalidOperationException">Its id must be known and is not.</exception>
    public Guid Of(object data, bool mustBeKnown) =>
        _ids.TryGetValue(data, out var id) ? (Guid)id
        : mustBeKnown
            ? throw new InvalidOperationException(
                $"a {data.GetType().Name} is sealed for its event's id; only a session's appends have one"
            )
        : Guid.Empty;
}
