using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Veza.Domain;
using Veza.EventStore.Events;

namespace Veza.Realtime;

/// <summary>
/// Writes recorded events for those outside: no property marked <see cref="SecretAttribute"/> leaves.
/// </summary>
public sealed class EventJson
{
    internal static readonly byte[] Withheld = "{}"u8.ToArray();

    private readonly JsonSerializerOptions _withoutSecrets;
    private readonly EventTypes _types;
    private readonly HashSet<string> _toldAsStored;
    private readonly ConcurrentDictionary<string, JsonEncodedText> _camel = [];

    public EventJson(EventTypes types)
    {
        _withoutSecrets = new(types.Json)
        {
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveSecretsOut } },
        };
        _types = types;
        _toldAsStored =
        [
            .. types.All.Where(t => !types.IsPersonal(t) && !HoldsSecrets(t, [])).Select(t => types.Describe(t).Alias),
        ];
    }

    /// <summary>
    /// An event's own properties as JSON, in its type's current shape: the stored bytes, unless they are of an older
    /// schema version or the type has secrets or personal texts. Nothing of a type this process does not know, for it
    /// may have some, nor of an event it cannot read.
    /// </summary>
    public ReadOnlyMemory<byte> Data(RecordedEvent e)
    {
        if (_toldAsStored.Contains(e.Type))
            return e.Json;
        try
        {
            return e.Data is { } data
                ? JsonSerializer.SerializeToUtf8Bytes(data, data.GetType(), _withoutSecrets)
                : Withheld;
        }
        catch (JsonException)
        {
            return Withheld;
        }
    }

    /// <summary>What a declaration made of an event.</summary>
    internal ReadOnlyMemory<byte> Item(object item) =>
        JsonSerializer.SerializeToUtf8Bytes(item, item.GetType(), _withoutSecrets);

    /// <summary>
    /// One object: <c>{position,id,stream,version,type,at,by,commandId,data}</c>, the type's name in snake case,
    /// without its schema version.
    /// </summary>
    public void WriteRecord(Utf8JsonWriter json, RecordedEvent e)
    {
        json.WriteStartObject();
        json.WriteNumber("position"u8, e.Position);
        json.WriteString("id"u8, e.Id);
        json.WriteString("stream"u8, e.StreamId);
        json.WriteNumber("version"u8, e.Version);
        json.WriteString("type"u8, e.Name);
        json.WriteString("at"u8, e.At.UtcDateTime);
        WriteBy(json, e.By);
        json.WriteString("commandId"u8, e.CommandId);
        json.WritePropertyName("data"u8);
        json.WriteRawValue(Data(e).Span, skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <summary>The log keeps accounts without dashes; everywhere outside an id has them.</summary>
    internal static void WriteBy(Utf8JsonWriter json, string? by)
    {
        if (by is null)
            json.WriteNull("by"u8);
        else if (Guid.TryParse(by, out var account))
            json.WriteString("by"u8, account);
        else
            json.WriteString("by"u8, by);
    }

    /// <summary><c>message_sent</c> becomes <c>messageSent</c>, and so does <c>message_sent_v2</c>.</summary>
    internal JsonEncodedText CamelCase(string alias) => _camel.GetOrAdd(alias, snake =>
        {
            var words = _types.NameOf(snake).Split('_', StringSplitOptions.RemoveEmptyEntries);
            return JsonEncodedText.Encode(
                string.Concat(words.Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]))
            );
        });

    private static void LeaveSecretsOut(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
            return;
        for (var i = type.Properties.Count - 1; i >= 0; i--)
            if (type.Properties[i].AttributeProvider is MemberInfo member && IsSecret(type.Type, member))
                type.Properties.RemoveAt(i);
    }

    private static bool HoldsSecrets(Type type, HashSet<Type> seen)
    {
        if (type.IsGenericType)
            return type.GetGenericArguments().Any(t => HoldsSecrets(t, seen));
        if (type.IsArray)
            return HoldsSecrets(type.GetElementType()!, seen);
        if (type.Assembly != typeof(DomainEvent).Assembly && !type.IsSubclassOf(typeof(DomainEvent)) || !seen.Add(type))
            return false;
        return type.GetProperties().Any(p => IsSecret(type, p) || HoldsSecrets(p.PropertyType, seen));
    }

    // On a positional record's parameter the attribute means the property just as well.
    private static bool IsSecret(Type type, MemberInfo member) =>
        member.IsDefined(typeof(SecretAttribute))
        || type.GetConstructors()
            .SelectMany(c => c.GetParameters())
            .Any(p => p.Name == member.Name && p.IsDefined(typeof(SecretAttribute)));
}
