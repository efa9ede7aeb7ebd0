using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Veza.Cli;

/// <summary>Lists the differences between two JSON values for people, one line each.</summary>
/// <remarks>
/// Items of two lists are the same item when they have the same name, at any place in the lists. An item's name is the
/// first of <see cref="Names"/> that it has. The order of items is compared only by a property such as a rank.
/// </remarks>
internal static partial class JsonChanges
{
    private static readonly string[] Names =
    [
        "id",
        "playId",
        "emoji",
        "format",
        "account",
        "position",
        "track",
        "version",
    ];

    /// <returns><c>~ path: was → is</c>, <c>- path: was</c> and <c>+ path: is</c>.</returns>
    public static IEnumerable<string> Between(JsonElement was, JsonElement now, string path = "")
    {
        if (was.ValueKind == JsonValueKind.Object && now.ValueKind == JsonValueKind.Object)
            return Members(
                was.EnumerateObject().Select(p => (p.Name, p.Value)),
                now.EnumerateObject().Select(p => (p.Name, p.Value)),
                name => path.Length == 0 ? name : $"{path}.{name}"
            );
        if (was.ValueKind == JsonValueKind.Array && now.ValueKind == JsonValueKind.Array)
            return Members(Named(was), Named(now), name => $"{path}[{name}]");
        return JsonElement.DeepEquals(was, now) ? [] : [$"~ {path}: {Text(was)} → {Text(now)}"];
    }

    private static IEnumerable<string> Members(
        IEnumerable<(string Name, JsonElement Value)> was,
        IEnumerable<(string Name, JsonElement Value)> now,
        Func<string, string> path
    )
    {
        var after = now.ToList();
        var before = was.ToList();
        foreach (var (name, value) in before)
        {
            var same = after.FindIndex(a => a.Name == name);
            if (same < 0)
                yield return $"- {path(name)}: {Text(value)}";
            else
                foreach (var line in Between(value, after[same].Value, path(name)))
                    yield return line;
        }
        foreach (var (name, value) in after)
            if (!before.Exists(b => b.Name == name))
                yield return $"+ {path(name)}: {Text(value)}";
    }

    private static IEnumerable<(string Name, JsonElement Value)> Named(JsonElement list) =>
        list.EnumerateArray()
            .Select((item, place) => (NameOf(item) ?? place.ToString(CultureInfo.InvariantCulture), item));

    private static string? NameOf(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return null;
        foreach (var name in Names)
            if (item.TryGetProperty(name, out var value))
                return value.ValueKind == JsonValueKind.Object ? NameOf(value) : value.ToString();
        return null;
    }

    // Every JSON writer of .NET escapes emoji.
    private static string Text(JsonElement value) =>
        Escaped()
            .Replace(JsonSerializer.Serialize(value), code =>
                (
                    (char)ushort.Parse(code.Groups["code"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                ).ToString()
            );

    [GeneratedRegex(@"\\u(?<code>(?!00[0-7])[0-9A-Fa-f]{4})")]
    private static partial Regex Escaped();
}
