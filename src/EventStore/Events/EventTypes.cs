using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Events;

/// <summary>The event types a process knows: their aliases in the log and how they are written as JSON.</summary>
/// <remarks>
/// An alias is the type's name in snake case (<c>message_sent</c>) and, after a change of its shape, the schema
/// version: see <see cref="EventType"/>.
/// </remarks>
public sealed class EventTypes : IEventReader
{
    private readonly FrozenDictionary<string, (EventType Type, int SchemaVersion)> _byAlias;
    private readonly FrozenDictionary<Type, EventType> _byType;
    private readonly PersonalData? _personal;
    private readonly ConcurrentDictionary<Type, PersonalProperties?> _personalProperties = new();
    private readonly FrozenDictionary<string, PersonalProperties> _personalByAlias;
    private readonly FrozenDictionary<string, PropertyInfo> _erasedAccounts;

    /// <param name="personal">
    /// What of them, and of models folded from them, is personal data; null when nothing is.
    /// </param>
    public EventTypes(
        IEnumerable<Type> types,
        Action<JsonSerializerOptions>? configure = null,
        PersonalData? personal = null
    )
    {
        Json = new(JsonSerializerDefaults.Web)
        {
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        configure?.Invoke(Json);
        _byType = types.ToFrozenDictionary(t => t, EventType.Of);
        _byAlias = _byType
            .Values.SelectMany(t => t.Aliases.Select((alias, i) => KeyValuePair.Create(alias, (t, i + 1))))
            .ToDictionary()
            .ToFrozenDictionary();
        _personal = personal;
        _personalByAlias = _byType
            .SelectMany(t =>
                PersonalOf(t.Key) is { } properties
                    ? t.Value.Aliases.Select(a => KeyValuePair.Create(a, properties))
                    : []
            )
            .ToFrozenDictionary();
        _erasedAccounts = _byType
            .SelectMany(t =>
                personal?.ErasedAccount(t.Key) is { } property
                    ? t.Value.Aliases.Select(a => KeyValuePair.Create(a, t.Key.GetProperty(property)!))
                    : []
            )
            .ToFrozenDictionary();
    }

    /// <summary>Some type of event or aggregate may hold personal data.</summary>
    internal bool HasPersonalData => _personal is not null;

    /// <summary>By alias of an event type; types without personal properties are missing.</summary>
    internal FrozenDictionary<string, PersonalProperties> PersonalByAlias => _personalByAlias;

    /// <returns>Null when the event or aggregate has no personal property.</returns>
    internal PersonalProperties? PersonalOf(Type type) =>
        _personal is null
            ? null
            : _personalProperties.GetOrAdd(type, static (t, declared) => PersonalProperties.Of(t, declared), _personal);

    /// <returns>The property that names the erased account; null when such events erase none.</returns>
    internal PropertyInfo? ErasedAccountOf(string alias) => _erasedAccounts.GetValueOrDefault(alias);

    /// <summary>Whether events of this type hold personal texts, which then are not told as they are stored.</summary>
    public bool IsPersonal(Type type) => PersonalOf(type) is not null;

    /// <summary>Camel case, as Marten reads it; the same options write an event to clients.</summary>
    public JsonSerializerOptions Json { get; }

    public IEnumerable<Type> All => _byType.Keys;

    internal bool Knows(Type type) => _byType.ContainsKey(type);

    /// <summary>A property's name as it stands in JSON.</summary>
    internal string JsonName(string property) => Json.PropertyNamingPolicy?.ConvertName(property) ?? property;

    /// <summary>Everything that JSON of the type may hold, in its current shape.</summary>
    internal string[] JsonProperties(Type type)
    {
        Json.MakeReadOnly(populateMissingResolver: true);
        return [.. Json.GetTypeInfo(type).Properties.Select(p => p.Name)];
    }

    /// <summary>Every sealed type below <paramref name="root"/> in its own assembly.</summary>
    public static EventTypes DerivedFrom(
        Type root,
        Action<JsonSerializerOptions>? configure = null,
        PersonalData? personal = null
    ) =>
        new(
            root.Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsSubclassOf(root)),
            configure,
            personal
        );

    /// <returns>Null when the alias is of no type and schema version known here.</returns>
    public EventType? Find(string alias) => _byAlias.TryGetValue(alias, out var known) ? known.Type : null;

    public EventType Describe(Type type) =>
        _byType.TryGetValue(type, out var known)
            ? known
            : throw new ArgumentException($"{type} is not among the event types this process was given", nameof(type));

    /// <summary>
    /// Every alias under which events of these types stand in the log, those of earlier schema versions included: what
    /// to ask the database for.
    /// </summary>
    public string[] AliasesOf(params IEnumerable<Type> types) => [.. types.SelectMany(t => Describe(t).Aliases)];

    /// <summary>
    /// The name of an alias's type, which all its schema versions share; the alias itself when the type is unknown
    /// here.
    /// </summary>
    /// <remarks>
    /// So too when the version is newer than this process: it must not take such an event for one that does not concern
    /// it.
    /// </remarks>
    public string NameOf(string alias) =>
        _byAlias.TryGetValue(alias, out var known) ? known.Type.Name
        : EventType.NameInVersioned(alias) is { } name && _byAlias.TryGetValue(name, out var older) ? older.Type.Name
        : alias;

    /// <summary>
    /// Whether the alias is of a schema version that a later release writes: this process cannot read the event, which
    /// is no fault of the event's.
    /// </summary>
    public bool IsNewer(string alias) => !_byAlias.ContainsKey(alias) && NameOf(alias) != alias;

    /// <summary>An event's JSON, personal texts in the clear; <c>PersonalDataCipher.Write</c> encrypts them.</summary>
    public byte[] Write(object @event) => JsonSerializer.SerializeToUtf8Bytes(@event, @event.GetType(), Json);

    /// <summary>The event in its type's current shape, whatever schema version the log holds.</summary>
    /// <returns>Null when the type is unknown here: such an event is kept and passed by.</returns>
    /// <exception cref="JsonException">
    /// The event cannot be read: its JSON is wrong, an upcaster failed, or its schema version is newer than this
    /// process.
    /// </exception>
    /// <remarks>Encrypted texts stay so; <c>PersonalDataCipher.Read</c> decrypts them.</remarks>
    public object? Read(string alias, ReadOnlySpan<byte> json)
    {
        if (_byAlias.TryGetValue(alias, out var known))
            return known.Type.Read(known.SchemaVersion, json, Json);
        var name = NameOf(alias);
        return name == alias
            ? null
            : throw new JsonException($"{alias} is newer than this process, which knows {Find(name)!.Alias}");
    }

    object? IEventReader.Read(string alias, ReadOnlySpan<byte> json, Guid id) => Read(alias, json);

    /// <summary><c>MessageSent</c> becomes <c>message_sent</c>.</summary>
    public static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0)
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}
