using System.Text.Json;
using Veza.EventStore.Events;

namespace Veza.EventStore.Personal;

/// <summary>
/// Seals the personal texts of events and models on their way to the database, and opens them on their way back.
/// </summary>
/// <remarks>What has none pays for no closure: what captures stands in a function of its own.</remarks>
public sealed class PersonalDataCipher : IEventReader
{
    private readonly SubjectKeyStore? _keys;

    /// <param name="keys">Null when nothing is to be encrypted or decrypted.</param>
    internal PersonalDataCipher(EventTypes types, SubjectKeyStore? keys)
    {
        Types = types;
        _keys = keys;
    }

    public EventTypes Types { get; }

    string IEventReader.NameOf(string alias) => Types.NameOf(alias);

    /// <inheritdoc/>
    public object? Read(string alias, ReadOnlySpan<byte> json, Guid id) => Opened(Types.Read(alias, json), id);

    /// <summary>An event's JSON as it is stored.</summary>
    /// <param name="id">The event's: its personal texts are encrypted for it alone.</param>
    internal byte[] Write(object @event, Guid id) => Types.Write(Sealed(@event, id));

    /// <param name="id">Of the event, or of the stream in a snapshot.</param>
    /// <returns>What is to be stored: the same where nothing is personal.</returns>
    internal object Sealed(object data, Guid id)
    {
        return _keys is { } keys && Types.PersonalOf(data.GetType()) is { } properties
            ? Seal(data, id, properties, keys)
            : data;

        // Of an account that is erased nothing more is kept.
        static object Seal(object data, Guid id, PersonalProperties properties, SubjectKeyStore keys) =>
            properties.Replaced(data, (owner, text) =>
                keys.Find(owner) is { } key ? FieldEncryption.Seal(key, owner, id, text) : FieldEncryption.Erased
            );
    }

    /// <summary>
    /// What readers get of data that was just sealed: of an account that is erased nothing, as nothing of it was
    /// stored.
    /// </summary>
    internal object Kept(object data)
    {
        return
            _keys is { AnyGone: true } keys
            && Types.PersonalOf(data.GetType()) is { } properties
            && properties.Owners(data).Any(keys.IsGone)
            ? Keep(data, properties, keys)
            : data;

        static object Keep(object data, PersonalProperties properties, SubjectKeyStore keys) =>
            properties.Replaced(data, (owner, text) => keys.IsGone(owner) ? FieldEncryption.Erased : text);
    }

    /// <summary><see cref="Sealed"/>, waiting for the key without holding a thread.</summary>
    internal async Task<object> SealedAsync(object data, Guid id, CancellationToken ct)
    {
        if (_keys is not null && Types.PersonalOf(data.GetType()) is { } properties)
            await LoadAsync(properties.Owners(data), make: true, ct);
        return Sealed(data, id);
    }

    /// <param name="data">
    /// As it was stored; nobody else's yet. Texts that stand there unsealed were written before they were personal:
    /// they read as erased too when their account is.
    /// </param>
    internal object? Opened(object? data, Guid id)
    {
        if (data is not null && _keys is { } keys && Types.PersonalOf(data.GetType()) is { } properties)
            Open(data, id, properties, keys);
        return data;

        static void Open(object data, Guid id, PersonalProperties properties, SubjectKeyStore keys) =>
            properties.ReplaceIn(data, (beside, text) =>
            {
                if (!FieldEncryption.IsSealed(text, out var owner))
                    return keys.IsGone(beside) ? FieldEncryption.Erased : text;
                if (keys.Find(owner) is not { } key)
                    return FieldEncryption.Erased;
                return FieldEncryption.TryOpen(key, id, text, out var opened) ? opened : text;
            });
    }

    /// <summary>Adds the accounts whose texts an event holds and whose keys are not in memory.</summary>
    /// <param name="missing">Made when it is needed: most events have none.</param>
    internal void AddMissingKeys(object data, ref List<Guid>? missing)
    {
        if (_keys is not { } keys || Types.PersonalOf(data.GetType()) is not { } properties)
            return;
        foreach (var owner in properties.Owners(data))
            if (!keys.Has(owner))
                (missing ??= []).Add(owner);
    }

    internal Task LoadAsync(IReadOnlyCollection<Guid> owners, bool make, CancellationToken ct) =>
        _keys is null ? Task.CompletedTask : _keys.LoadAsync(owners, make, ct);

    /// <summary>
    /// Sees to it that the keys of a page of events are in memory before the events are looked at, all with one
    /// question.
    /// </summary>
    internal async ValueTask PrepareAsync(IReadOnlyList<RecordedEvent> events, CancellationToken ct)
    {
        if (_keys is null || Types.PersonalByAlias.Count == 0)
            return;
        var owners = new HashSet<Guid>();
        foreach (var e in events)
            if (
                Types.PersonalByAlias.TryGetValue(e.Type, out var properties)
                && FieldEncryption.AddOwners(e.Json.Span, owners) < properties.Count
            )
                // Of texts that are not sealed the event itself says whose they are.
                properties.AddOwners(e.Json.Span, owners);
        if (owners.Count > 0)
            await _keys.LoadAsync(owners, make: false, ct);
    }

    /// <summary><see cref="PrepareAsync(IReadOnlyList{RecordedEvent}, CancellationToken)"/> for one event.</summary>
    internal async ValueTask PrepareAsync(Type type, ReadOnlyMemory<byte> json, CancellationToken ct)
    {
        if (_keys is null || Types.PersonalOf(type) is not { } properties)
            return;
        var owners = new HashSet<Guid>();
        if (FieldEncryption.AddOwners(json.Span, owners) < properties.Count)
            properties.AddOwners(json.Span, owners);
        if (owners.Count > 0)
            await _keys.LoadAsync(owners, make: false, ct);
    }

    /// <returns>The account that an event erases; null of any other event.</returns>
    internal Guid? ErasedBy(RecordedEvent e)
    {
        if (Types.ErasedAccountOf(e.Type) is not { } account)
            return null;
        try
        {
            return e.Data is { } data ? (Guid)account.GetValue(data)! : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether some text in the event is an account's that is known to be erased.</summary>
    internal bool HoldsErased(RecordedEvent e)
    {
        if (_keys is null || !Types.PersonalByAlias.ContainsKey(e.Type))
            return false;
        var owners = new HashSet<Guid>();
        FieldEncryption.AddOwners(e.Json.Span, owners);
        return owners.Any(_keys.IsGone);
    }

    internal bool HoldsOf(RecordedEvent e, Guid owner) =>
        Types.PersonalByAlias.ContainsKey(e.Type) && FieldEncryption.MentionsOwner(e.Json.Span, owner);
}
