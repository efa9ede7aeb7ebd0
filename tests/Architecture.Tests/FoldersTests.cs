using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace Veza.Architecture.Tests;

/// <summary>
/// Inside a room, folders depend on each other in one direction, so that each can be read before those that use it.
/// </summary>
public sealed class FoldersTests
{
    [Theory]
    [InlineData("Api")]
    [InlineData("Domain")]
    [InlineData("EventStore")]
    [InlineData("Media")]
    [InlineData("Reactors")]
    [InlineData("Mail")]
    [InlineData("Cli")]
    public void No_folder_depends_on_one_that_depends_on_it(string room)
    {
        var uses = Uses(room);
        var cycles = uses
            .Keys.Order(StringComparer.Ordinal)
            .SelectMany(folder =>
                uses[folder].Keys.Where(other => Reaches(uses, other, folder)).Select(o => (folder, o))
            )
            .SelectMany(edge => uses[edge.folder][edge.o].Take(5).Select(why => $"{edge.folder} → {edge.o}: {why}"))
            .ToList();

        Assert.True(
            cycles.Count == 0,
            $"Folders in a cycle, with the types that close it:\n{string.Join('\n', cycles)}"
        );
    }

    private static bool Reaches(
        Dictionary<string, SortedDictionary<string, SortedSet<string>>> uses,
        string from,
        string to
    )
    {
        var seen = new HashSet<string>();
        var next = new Stack<string>([from]);
        while (next.TryPop(out var folder))
        {
            if (folder == to)
                return true;
            if (!seen.Add(folder) || !uses.TryGetValue(folder, out var used))
                continue;
            foreach (var other in used.Keys)
                next.Push(other);
        }
        return false;
    }

    /// <summary>Folder → folders it uses → the types that use them. A folder is a namespace.</summary>
    private static Dictionary<string, SortedDictionary<string, SortedSet<string>>> Uses(string room)
    {
        var assembly = Assembly.Load($"Veza.{room}");
        var uses = new Dictionary<string, SortedDictionary<string, SortedSet<string>>>();
        foreach (var type in new ArchLoader().LoadAssembly(assembly).Build().Types)
        {
            if (Folder(type, room) is not { } folder)
                continue;
            foreach (var used in type.Dependencies.Select(d => d.Target).Where(t => t is not GenericParameter))
            {
                if (Folder(used, room) is not { } other || other == folder)
                    continue;
                if (!uses.TryGetValue(folder, out var folders))
                    uses[folder] = folders = [];
                if (!folders.TryGetValue(other, out var types))
                    folders[other] = types = [];
                types.Add($"{type.Name} uses {used.Name}");
            }
        }
        return uses;
    }

    private static string? Folder(IType type, string room) =>
        type.Namespace?.FullName is { } space && (space + ".").StartsWith($"Veza.{room}.", StringComparison.Ordinal)
            ? space
            : null;
}
