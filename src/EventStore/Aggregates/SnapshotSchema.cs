using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Veza.EventStore.Events;

namespace Veza.EventStore.Aggregates;

/// <summary>Hashes an aggregate's schema, to recognize the snapshots of its former schemas.</summary>
/// <remarks>
/// A SHA-256 hash over the names and types of the aggregate's properties, recursively, and the aliases of the events
/// that it folds. It does not notice a changed body of a fold (an <c>Apply</c> that counts differently) or a changed
/// comparer of a collection. For such a change, add a <c>public const int SnapshotVersion</c> to the aggregate or raise
/// it; the hash includes it.
/// </remarks>
internal static class SnapshotSchema
{
    public static byte[] Of(Type aggregate, IEnumerable<Type> events)
    {
        var text = new StringBuilder();
        var version = aggregate.GetField(
            "SnapshotVersion",
            BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly
        );
        text.Append("version ").Append(version?.GetRawConstantValue() ?? 0).Append('\n');
        foreach (var alias in events.Select(e => EventType.Of(e).Alias).Order(StringComparer.Ordinal))
            text.Append("folds ").Append(alias).Append('\n');
        Describe(aggregate, text, []);
        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static void Describe(Type type, StringBuilder text, HashSet<Type> seen)
    {
        if (!seen.Add(type))
            return;
        if (type.IsArray)
            Describe(type.GetElementType()!, text, seen);
        foreach (var argument in type.GetGenericArguments())
            Describe(argument, text, seen);
        if (type.IsEnum)
            text.Append(Named(type))
                .Append(" = ")
                .AppendJoin(", ", Enum.GetNames(type).Select(n => $"{n} {Enum.Format(type, Enum.Parse(type, n), "d")}"))
                .Append('\n');
        // The types of .NET itself keep their shape in JSON.
        if (
            type.IsEnum
            || type.IsArray
            || type.Assembly == typeof(object).Assembly
            || type.Namespace is { } space && space.StartsWith("System", StringComparison.Ordinal)
        )
            return;
        foreach (
            var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .OrderBy(p => p.Name, StringComparer.Ordinal)
        )
        {
            text.Append(Named(type))
                .Append('.')
                .Append(property.Name)
                .Append(' ')
                .Append(Named(property.PropertyType))
                .Append('\n');
            Describe(property.PropertyType, text, seen);
        }
    }

    // Without its namespace: moving a type changes nothing in the database.
    private static string Named(Type type)
    {
        if (type.IsArray)
            return $"{Named(type.GetElementType()!)}[]";
        return type.IsGenericType
            ? $"{type.Name}<{string.Join(", ", type.GetGenericArguments().Select(Named))}>"
            : type.Name;
    }
}
