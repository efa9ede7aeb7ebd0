using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Veza.EventStore.Events;

namespace Veza.EventStore.Aggregates;

/// <summary>Tells snapshots of a model as it is now from those of its former selves.</summary>
/// <remarks>
/// A SHA-256 hash over the names and types of the model's properties, and of theirs, and the aliases of the events it
/// folds. It cannot notice a fold whose body changed (an <c>Apply</c> that counts differently), nor a changed comparer
/// of a collection: who makes such a change adds a <c>public const int SnapshotVersion</c> to the model, or raises it,
/// and it is hashed in.
/// </remarks>
internal static class SnapshotSchema
{
    public static byte[] Of(Type model, IEnumerable<Type> events)
    {
        var text = new StringBuilder();
        var version = model.GetField(
            "SnapshotVersion",
            BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly
        );
        text.Append("version ").Append(version?.GetRawConstantValue() ?? 0).Append('\n');
        foreach (var alias in events.Select(e => EventType.Of(e).Alias).Order(StringComparer.Ordinal))
            text.Append("folds ").Append(alias).Append('\n');
        Describe(model, text, []);
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
        // What .NET itself brings keeps its shape in JSON.
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

    // Without its namespace: moving a type changes nothing of what is stored.
    private static string Named(Type type) =>
        type.IsArray ? $"{Named(type.GetElementType()!)}[]"
        : type.IsGenericType ? $"{type.Name}<{string.Join(", ", type.GetGenericArguments().Select(Named))}>"
        : type.Name;
}
