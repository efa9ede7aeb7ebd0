using Veza.EventStore.Events;

namespace Veza.EventStore.Verification;

/// <summary>One kind of thing that was looked at.</summary>
/// <param name="What">A sentence: <c>positions are 1 to the head without a gap</c>.</param>
/// <param name="Count">How many <paramref name="Of"/> were looked at.</param>
public sealed record Check(string What, long Count, string Of, IReadOnlyList<string> Differences, TimeSpan Took);

/// <param name="Head">The position up to which the log was verified; what came later is left for the next time.</param>
public sealed record VerificationReport(long Head, IReadOnlyList<Check> Checks, TimeSpan Took)
{
    public bool IsSound => Checks.All(c => c.Differences.Count == 0);
}

/// <summary>Where a unique name comes from: an event of the owner's own stream says it.</summary>
/// <param name="EventTypes">The aliases. The newest one in the owner's stream counts, if the property is there.</param>
/// <param name="Property">
/// Of the event's JSON; names are held in lower case. Where it stands sealed, only that the owner holds a name is told,
/// and not which.
/// </param>
/// <param name="ReleasedBy">
/// The alias of the event after which the owner holds none; null when there is no such event.
/// </param>
public sealed record NameRule(
    string Scope,
    IReadOnlyList<string> EventTypes,
    string Property,
    string? ReleasedBy = null
);
