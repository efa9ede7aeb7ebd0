using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Veza.EventStore.Events;

/// <summary>
/// An event type as the log knows it: its name, its schema versions, and how an older one becomes the next.
/// </summary>
/// <remarks>
/// A record whose JSON changed its shape keeps its name and gets, beside its properties, a <c>public static JsonObject
/// FromV1(JsonObject old)</c>, at the next change a <c>FromV2</c> …; each makes one version's JSON into the next one's.
/// The type is then at schema version 2, 3 …, and written under the alias
/// <c>message_sent_v2</c>, <c>message_sent_v3</c> …, as Marten's <c>MapEventTypeWithSchemaVersion</c> names them;
/// version 1 is plain <c>message_sent</c>.
/// </remarks>
public sealed partial class EventType
{
    private static readonly ConcurrentDictionary<Type, EventType> Known = new();

    private readonly Type _type;
    private readonly Func<JsonObject, JsonObject>[] _upcasters;

    private EventType(Type type)
    {
        _type = type;
        Name = EventTypes.SnakeCase(type.Name);
        if (EndsInVersion().IsMatch(Name))
            throw new ArgumentException(
                $"{type} ends like an alias of a schema version; give the event another name, or its former self upcasters",
                nameof(type)
            );
        DotNetType = $"{type.FullName}, {type.Assembly.GetName().Name}";
        _upcasters = Upcasters(type);
        Aliases = [Name, .. _upcasters.Select((_, i) => $"{Name}_v{i + 2}")];
    }

    /// <summary>What the type is called, whatever its schema version: <c>message_sent</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// Under which its events stand in the log, by schema version: the first is version 1's, the last is what is
    /// written now.
    /// </summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>What is written now.</summary>
    public string Alias => Aliases[^1];

    /// <summary>1 or more.</summary>
    public int SchemaVersion => Aliases.Count;
    public string DotNetType { get; }

    public static EventType Of(Type type) => Known.GetOrAdd(type, static t => new(t));

    /// <summary>
    /// The name in an alias that looks like that of a schema version after the first; null when it does not.
    /// </summary>
    internal static string? NameInVersioned(string alias) =>
        EndsInVersion().Match(alias) is { Success: true, Index: var end } ? alias[..end] : null;

    /// <exception cref="JsonException">
    /// The JSON is not that of <paramref name="schemaVersion"/>, or an upcaster could not deal with it.
    /// </exception>
    internal object? Read(int schemaVersion, ReadOnlySpan<byte> json, JsonSerializerOptions options)
    {
        if (schemaVersion == SchemaVersion)
            return JsonSerializer.Deserialize(json, _type, options);
        try
        {
            var step = JsonNode.Parse(json)!.AsObject();
            foreach (var upcast in _upcasters.AsSpan(schemaVersion - 1))
                step = upcast(step);
            return step.Deserialize(_type, options);
        }
        // Whatever an upcaster throws, its event is one that cannot be read, and readers deal with it as with any such.
        catch (Exception fault)
        {
            throw new JsonException(
                $"{Aliases[schemaVersion - 1]} could not be brought to schema version {SchemaVersion} of {_type.Name}: {fault.Message}",
                fault
            );
        }
    }

    private static Func<JsonObject, JsonObject>[] Upcasters(Type type)
    {
        var found = type.GetMethods(
                BindingFlags.Public
                    | BindingFlags.NonPublic
                    | BindingFlags.Static
                    | BindingFlags.Instance
                    | BindingFlags.DeclaredOnly
            )
            .Where(m => UpcasterName().IsMatch(m.Name))
            .OrderBy(m => int.Parse(m.Name.AsSpan("FromV".Length), System.Globalization.CultureInfo.InvariantCulture))
            .ToList();
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].Name != $"FromV{i + 1}")
                throw new ArgumentException(
                    $"{type} has {found[i].Name} where FromV{i + 1} is needed: the versions follow each other from 1 on",
                    nameof(type)
                );
            if (
                found[i] is not { IsStatic: true, IsPublic: true }
                || found[i].ReturnType != typeof(JsonObject)
                || !found[i].GetParameters().Select(p => p.ParameterType).SequenceEqual([typeof(JsonObject)])
            )
                throw new ArgumentException(
                    $"{type}.{found[i].Name} must be public static JsonObject {found[i].Name}(JsonObject old)",
                    nameof(type)
                );
        }
        return [.. found.Select(m => m.CreateDelegate<Func<JsonObject, JsonObject>>())];
    }

    [GeneratedRegex("_v[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex EndsInVersion();

    [GeneratedRegex("^FromV[0-9]{1,4}$", RegexOptions.CultureInvariant)]
    private static partial Regex UpcasterName();
}
