using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;

namespace Veza.EventStore.Personal;

/// <summary>
/// Encrypts the personal texts of events and aggregates before they are stored, and decrypts them when they are read.
/// Any thread may use it.
/// </summary>
/// <remarks>What has none pays for no closure: what captures stands in a function of its own.</remarks>
internal sealed class PersonalDataCipher
{
    private readonly PersonalData? _said;
    private readonly SubjectKeyStore? _keys;
    private readonly ConcurrentDictionary<Type, PersonalProperties?> _properties;
    private readonly FrozenDictionary<string, PersonalProperties> _ofAlias;
    private readonly FrozenDictionary<string, PropertyInfo> _erasing;

    public PersonalDataCipher(PersonalData? said, FrozenDictionary<Type, EventType> types, SubjectKeyStore? keys)
    {
        _said = said;
        _keys = keys;
        _properties = new();
        _ofAlias = types
            .SelectMany(t =>
                Of(t.Key) is { } properties ? t.Value.Aliases.Select(a => KeyValuePair.Create(a, properties)) : []
            )
            .ToFrozenDictionary();
        _erasing = types
            .SelectMany(t =>
                said?.ErasedAccount(t.Key) is { } property
                    ? t.Value.Aliases.Select(a => KeyValuePair.Create(a, t.Key.GetProperty(property)!))
                    : []
            )
            .ToFrozenDictionary();
    }

    private PersonalDataCipher(PersonalDataCipher of, SubjectKeyStore keys)
    {
        _said = of._said;
        _keys = keys;
        _properties = of._properties;
        _ofAlias = of._ofAlias;
        _erasing = of._erasing;
    }

    public PersonalDataCipher With(SubjectKeyStore keys) => new(this, keys);

    /// <returns>Null when the type has no personal property.</returns>
    public PersonalProperties? Of(Type type) =>
        _said is null ? null : _properties.GetOrAdd(type, static (t, said) => PersonalProperties.Of(t, said), _said);

    /// <param name="id">Of the event, or of the stream in a snapshot.</param>
    /// <returns>What is to be stored: the same where nothing is personal.</returns>
    public object Sealed(object data, Guid id)
    {
        return _keys is { } keys && Of(data.GetType()) is { } properties ? Seal(data, id, properties, keys) : data;

        // Nothing new is stored of an erased account.
        static object Seal(object data, Guid id, PersonalProperties properties, SubjectKeyStore keys) =>
            properties.Replaced(data, (owner, text) =>
                keys.Find(owner) is { } key ? FieldEncryption.Seal(key, owner, id, text) : FieldEncryption.Erased
            );
    }

    /// <summary>
    /// The data for readers of an event that was just encrypted. Texts of erased accounts are empty, as in the log.
    /// </summary>
    public object Kept(object data)
    {
        return
            _keys is { AnyGone: true } keys
            && Of(data.GetType()) is { } properties
            && properties.Owners(data).Any(keys.IsGone)
            ? Keep(data, properties, keys)
            : data;

        static object Keep(object data, PersonalProperties properties, SubjectKeyStore keys) =>
            properties.Replaced(data, (owner, text) => keys.IsGone(owner) ? FieldEncryption.Erased : text);
    }

    /// <summary><see cref="Sealed"/>, waiting for the key without holding a thread.</summary>
    public async Task<object> SealedAsync(object data, Guid id, CancellationToken ct)
    {
        if (_keys is not null && Of(data.GetType()) is { } properties)
            await LoadAsync(properties.Owners(data), make: true, ct);
        return Sealed(data, id);
    }

    /// <param name="data">
    /// As it was stored, and not shared with other code yet. Plain texts are from before they were personal; they also
    /// read as empty when their account is erased.
    /// </param>
    public object? Opened(object? data, Guid id)
    {
        if (data is not null && _keys is { } keys && Of(data.GetType()) is { } properties)
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

    /// <returns>The accounts whose texts a command adds and whose keys are not in memory.</returns>
    public IReadOnlyCollection<Guid> LackKeys(Appending.AppendRequest request)
    {
        if (_keys is not { } keys || _said is null)
            return [];
        List<Guid>? lacking = null;
        foreach (var change in request.Changes)
        foreach (var data in change.Events)
            if (Of(data.GetType()) is { } properties)
                foreach (var owner in properties.Owners(data))
                    if (!keys.Has(owner))
                        (lacking ??= []).Add(owner);
        return lacking ?? (IReadOnlyCollection<Guid>)[];
    }

    public Task LoadAsync(IReadOnlyCollection<Guid> owners, bool make, CancellationToken ct) =>
        _keys is null ? Task.CompletedTask : _keys.LoadAsync(owners, make, ct);

    /// <summary>
    /// Loads the keys of a page of events into memory before the events are deserialized, with one query for all.
    /// </summary>
    public async ValueTask PrepareAsync(IReadOnlyList<RecordedEvent> events, CancellationToken ct)
    {
        if (_keys is null || _ofAlias.Count == 0)
            return;
        var owners = new HashSet<Guid>();
        foreach (var e in events)
            if (
                _ofAlias.TryGetValue(e.Type, out var properties)
                && FieldEncryption.AddOwners(e.Json.Span, owners) < properties.Count
            )
                // For plain texts, the event itself names the account.
                properties.AddOwners(e.Json.Span, owners);
        if (owners.Count > 0)
            await _keys.LoadAsync(owners, make: false, ct);
    }

    /// <summary><see cref="PrepareAsync(IReadOnlyList{RecordedEvent}, CancellationToken)"/> for one event.</summary>
    public async ValueTask PrepareAsync(Type type, ReadOnlyMemory<byte> json, CancellationToken ct)
    {
        if (_keys is null || Of(type) is not { } properties)
            return;
        var owners = new HashSet<Guid>();
        if (FieldEncryption.AddOwners(json.Span, owners) < properties.Count)
            properties.AddOwners(json.Span, owners);
        if (owners.Count > 0)
            await _keys.LoadAsync(owners, make: false, ct);
    }

    /// <summary>Whether events of an alias erase an account.</summary>
    public bool Erases(string alias) => _erasing.ContainsKey(alias);

    /// <returns>The account that an event erases; null of any other event.</returns>
    public Guid? ErasedBy(RecordedEvent e)
    {
        if (!_erasing.TryGetValue(e.Type, out var account))
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
    public bool HoldsErased(RecordedEvent e)
    {
        if (_keys is null || !_ofAlias.ContainsKey(e.Type))
            return false;
        var owners = new HashSet<Guid>();
        FieldEncryption.AddOwners(e.Json.Span, owners);
        return owners.Any(_keys.IsGone);
    }

    public bool HoldsOf(RecordedEvent e, Guid owner) =>
        _ofAlias.ContainsKey(e.Type) && FieldEncryption.MentionsOwner(e.Json.Span, owner);
}
