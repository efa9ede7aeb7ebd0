namespace Veza.Architecture.Tests;

/// <summary>Keeps the names that data, clients and dashboards depend on.</summary>
/// <remarks>
/// <c>PinnedNames.txt</c> has one line for each name: its kind, then the name as it is stored or sent. A line that goes
/// or changes needs a migration of the data under it.
/// </remarks>
public sealed class PinnedNamesTests
{
    [Fact]
    public void Every_name_that_is_stored_or_sent_is_the_pinned_one() =>
        PinnedLines.AssertSame("tests/Architecture.Tests/PinnedNames.txt", StoredNames.All().Concat(PublicNames.All()));
}
