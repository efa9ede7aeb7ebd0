namespace Veza.EventStore.Verification;

/// <summary>The result of one check.</summary>
/// <param name="What">The promise as a sentence, such as <c>positions are 1 to the head without a gap</c>.</param>
/// <param name="Count">The number of <paramref name="Of"/> that were checked.</param>
public sealed record Check(string What, long Count, string Of, IReadOnlyList<string> Differences, TimeSpan Took);

/// <summary>The result of a verification of the log.</summary>
/// <param name="Head">The position up to which the log was verified. Newer events were not.</param>
public sealed record VerificationReport(long Head, IReadOnlyList<Check> Checks, TimeSpan Took)
{
    public bool IsSound => Checks.All(c => c.Differences.Count == 0);
}

/// <summary>The source of a unique name: an event in the owner's stream that holds it.</summary>
/// <param name="EventTypes">
/// The aliases of these events. The newest one in the owner's stream that has the property counts.
/// </param>
/// <param name="Property">
/// The property of the event's JSON. Names are in lower case. An encrypted one shows only that the owner holds a name.
/// </param>
/// <param name="ReleasedBy">
/// The alias of the event that releases the name; null when there is no such event.
/// </param>
public sealed record NameRule(
    string Scope,
    IReadOnlyList<string> EventTypes,
    string Property,
    string? ReleasedBy = null
);
