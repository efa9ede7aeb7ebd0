using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Checking;

/// <summary>
/// Replays the claims and releases of the log's commands in order. Compares the owners with those in snapshots and in
/// the answers to callers.
/// </summary>
internal static class NameChecker
{
    /// <summary>
    /// The owner of a name, from the earliest time of its claim to the latest time of its release, in ticks.
    /// </summary>
    private sealed record Tenure(Guid Owner, long From)
    {
        public long Until { get; set; } = long.MaxValue;
    }

    public static IEnumerable<Violation> Check(Evidence e)
    {
        var owners = new SortedDictionary<(string Scope, string Name), Guid>();
        var tenures = new Dictionary<(string, string), List<Tenure>>();
        var snapshots = e.History.Snapshots.OrderBy(s => s.Highest).ToArray();
        var next = 0;
        foreach (var row in e.Log.Rows)
        {
            for (; next < snapshots.Length && snapshots[next].Highest < row.Position; next++)
                if (Difference(owners, snapshots[next].Names) is { } then)
                    yield return new(
                        Promises.Names,
                        $"{snapshots[next].Reader} at position {snapshots[next].Highest}: {then}"
                    );
            var command = e.RowsByCommand[row.CommandId];
            if (
                command.Last().Position != row.Position
                || e.CallsByCommand[row.CommandId].FirstOrDefault() is not { } call
            )
                continue;
            foreach (var change in call.Ask.Names)
            {
                var key = (change.Scope, change.Name);
                if (change.Claim)
                {
                    if (owners.TryGetValue(key, out var holder) && holder != change.Owner)
                        yield return new(
                            Promises.Names,
                            $"{call} stands at {row.Position}, where {holder} holds {change.Scope}/{change.Name}"
                        );
                    owners[key] = change.Owner;
                    if (!tenures.TryGetValue(key, out var list))
                        tenures[key] = list = [];
                    if (list is [] || list[^1].Owner != change.Owner || list[^1].Until != long.MaxValue)
                        list.Add(new(change.Owner, call.Ask.AskedAt));
                }
                else if (owners.TryGetValue(key, out var holder) && holder == change.Owner)
                {
                    owners.Remove(key);
                    tenures[key][^1].Until = e.CallsByCommand[row.CommandId]
                        .Where(c => c.Answer is { IsYes: true })
                        .Select(c => c.AnsweredAt)
                        .DefaultIfEmpty(long.MaxValue - 1)
                        .Min();
                }
            }
        }
        for (; next < snapshots.Length; next++)
            if (Difference(owners, snapshots[next].Names) is { } last)
                yield return new(
                    Promises.Names,
                    $"{snapshots[next].Reader} at position {snapshots[next].Highest}: {last}"
                );
        if (Difference(owners, e.Log.Names) is { } difference)
            yield return new(Promises.Names, $"at the end: {difference}");

        foreach (var call in e.Calls.Where(c => c.Answer is { Kind: AnswerKind.NameTaken }))
        {
            var claims = call.Ask.Names.Where(n => n.Claim && $"{n.Scope}/{n.Name}" == call.Answer!.Detail);
            if (
                !claims.Any(n =>
                    tenures
                        .GetValueOrDefault((n.Scope, n.Name), [])
                        .Any(t => t.Owner != n.Owner && t.From < call.AnsweredAt && t.Until > call.Ask.AskedAt)
                )
            )
                yield return new(Promises.Names, $"{call}: no other owner held that name then");
        }
    }

    private static string? Difference(
        SortedDictionary<(string Scope, string Name), Guid> owners,
        IReadOnlyList<NameRow> stored
    )
    {
        var wanted = owners.Select(o => new NameRow(o.Key.Scope, o.Key.Name, o.Value)).ToHashSet();
        if (wanted.SetEquals(stored))
            return null;
        return $"the log's commands lead to {string.Join(", ", wanted.Except(stored))}, but "
            + $"{string.Join(", ", stored.Except(wanted))} is stored";
    }
}
