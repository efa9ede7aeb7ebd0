using System.Collections.Frozen;
using System.Text;
using System.Text.Json;

namespace Veza.EventStore;

/// <summary>The event types a process knows: their aliases in the log and how they are written as JSON.</summary>
/// <remarks>An alias is the type's name in snake case (<c>message_sent</c>), as Marten names it.</remarks>
public sealed class EventTypes
{
    private readonly FrozenDictionary<string, Type> _byAlias;
    private readonly FrozenDictionary<Type, EventType> _byType;

    public EventTypes(IEnumerable<Type> types, Action<JsonSerializerOptions>? configure = null)
    {
        Json = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        configure?.Invoke(Json);
        _byType = types.ToFrozenDictionary(t => t, t => new EventType(Alias(t), $"{t.FullName}, {t.Assembly.GetName().Name}"));
        _byAlias = _byType.ToFrozenDictionary(p => p.Value.Alias, p => p.Key);
    }

    /// <summary>Camel case, as Marten reads it; the same options write an event to clients.</summary>
    public JsonSerializerOptions Json { get; }

    public IEnumerable<Type> All => _byType.Keys;

    /// <summary>Every sealed type below <paramref name="root"/> in its own assembly.</summary>
    public static EventTypes DerivedFrom(Type root, Action<JsonSerializerOptions>? configure = null) =>
        new(root.Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsSubclassOf(root)), configure);

    public Type? Find(string alias) => _byAlias.GetValueOrDefault(alias);

    public EventType Describe(Type type) => _byType.TryGetValue(type, out var known)
        ? known
        : throw new ArgumentException($"{type} is not among the event types this process was given", nameof(type));

    public byte[] Write(object @event) => JsonSerializer.SerializeToUtf8Bytes(@event, @event.GetType(), Json);

    /// <returns>Null when the type is unknown here: such an event is kept and passed by.</returns>
    public object? Read(string alias, ReadOnlySpan<byte> json) => Find(alias) is { } type ? JsonSerializer.Deserialize(json, type, Json) : null;

    /// <summary><c>MessageSent</c> becomes <c>message_sent</c>.</summary>
    public static string Alias(Type type) => SnakeCase(type.Name);

    public static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}

public sealed record EventType(string Alias, string DotNetType);
