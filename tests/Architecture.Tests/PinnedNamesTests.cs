using System.Text;

namespace Veza.Architecture.Tests;

/// <summary>Keeps the names that data, clients and dashboards depend on.</summary>
/// <remarks>
/// <c>PinnedNames.txt</c> has one line for each name: its kind, then the name as it is stored or sent. An addition
/// fails too, so that the list is always whole. A line that goes or changes needs a migration of the data under it.
/// </remarks>
public sealed class PinnedNamesTests
{
    private const string AcceptVariable = "VEZA_ACCEPT_NAMES";

    private static readonly string Path = System.IO.Path.Combine(
        Checkout.Root,
        "tests",
        "Architecture.Tests",
        "PinnedNames.txt"
    );

    [Fact]
    public void Every_name_that_is_stored_or_sent_is_the_pinned_one()
    {
        var found = StoredNames.All().Concat(PublicNames.All()).ToHashSet();
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllLines(Path, found.Order(StringComparer.Ordinal));

        var pinned = File.ReadAllLines(Path);
        Assert.Equal(pinned.Order(StringComparer.Ordinal), pinned);
        var missing = pinned.Except(found).Order(StringComparer.Ordinal).ToList();
        var added = found.Except(pinned).Order(StringComparer.Ordinal).ToList();
        Assert.True(missing.Count + added.Count == 0, Difference(missing, added));
    }

    private static string Difference(List<string> missing, List<string> added)
    {
        var text = new StringBuilder("Names differ from tests/Architecture.Tests/PinnedNames.txt.\n");
        if (missing.Count > 0)
            text.Append("\nPinned, and no longer found. Data or clients hold on to these; bring them back:\n")
                .AppendJoin('\n', missing.Select(name => $"  - {name}"))
                .Append('\n');
        if (added.Count > 0)
            text.Append("\nFound, and not pinned:\n")
                .AppendJoin('\n', added.Select(name => $"  + {name}"))
                .Append('\n');
        return text.Append($"\nTo accept a deliberate addition, run this test with {AcceptVariable}=1, ")
            .Append("read the difference it makes to the file, and commit the file.")
            .ToString();
    }
}
