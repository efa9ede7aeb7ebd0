using System.Diagnostics;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Checking;

/// <summary>Checks a recorded history against the log's promises.</summary>
public static class Checkers
{
    /// <summary>The longest time from a fault until every surviving node has appended again.</summary>
    public static readonly TimeSpan ProgressWithin = TimeSpan.FromSeconds(10);

    private const int ViolationsShownMax = 20;

    /// <summary>All violations of all promises; empty when every promise holds.</summary>
    /// <param name="progressWithin"><see cref="ProgressWithin"/> unless the machine is not the test's own.</param>
    public static IReadOnlyList<Violation> Check(History history, LogAtEnd log, TimeSpan? progressWithin = null)
    {
        var evidence = new Evidence(history, log);
        return
        [
            .. AcknowledgedSurvives(evidence),
            .. RefusedNeverAppears(evidence),
            .. AtMostOnce(evidence),
            .. Dense(evidence),
            .. NeverChanges(evidence),
            .. VersionChecker.Check(evidence),
            .. RealTimeOrder(evidence),
            .. Atomic(evidence),
            .. Repeats(evidence),
            .. NameChecker.Check(evidence),
            .. DurableBeforeSeen(evidence),
            .. TimeNeverGoesBack(evidence),
            .. Progress(evidence, progressWithin ?? ProgressWithin),
        ];
    }

    /// <summary>Reads the log and fails with a list of every violation. Prints a summary of the history.</summary>
    public static async Task AssertHoldAsync(History history, string connectionString, ITestOutputHelper? output = null)
    {
        var log = await LogAtEnd.ReadAsync(connectionString, CancellationToken.None);
        (output ?? TestContext.Current.TestOutputHelper)?.WriteLine(Describe(history, log));
        var violations = Check(history, log, Extent.ProgressWithin);
        if (violations.Count > 0)
            Assert.Fail(
                $"{violations.Count} violations in {Describe(history, log)}\n"
                    + $"{string.Join('\n', violations.Take(ViolationsShownMax))}"
            );
    }

    /// <summary>The size of a history, so that an empty one is noticed.</summary>
    public static string Describe(History history, LogAtEnd log)
    {
        var kinds = history
            .Calls.GroupBy(c => c.Answer?.Kind.ToString() ?? "unanswered")
            .OrderBy(g => g.Key)
            .Select(g => $"{g.Count()} {g.Key}");
        return $"{history.Calls.Count} calls ({string.Join(", ", kinds)}), {log.Rows.Count} events, "
            + $"{history.Sightings.Count} sightings, {history.Snapshots.Count} snapshots";
    }

    private static IEnumerable<Violation> AcknowledgedSurvives(Evidence e)
    {
        foreach (var call in e.Calls.Where(c => c.Answer is { IsYes: true } && c.Ask.EventCount > 0))
        {
            var rows = e.RowsByCommand[call.Ask.CommandId].ToArray();
            if (Evidence.Difference(call.Ask, rows) is { } difference)
                yield return new(Promises.AcknowledgedSurvives, $"{call}: {difference}");
            else if (rows[^1].Position != call.Answer!.Position)
                yield return new(
                    Promises.AcknowledgedSurvives,
                    $"{call}: its last event stands at {rows[^1].Position}"
                );
            else if (
                call.Ask.Changes.First(c => c.Events.Count > 0) is var first
                && first.Expected + first.Events.Count != call.Answer.Version
            )
                yield return new(
                    Promises.AcknowledgedSurvives,
                    $"{call}: its first stream has version {first.Expected + first.Events.Count}"
                );
        }
    }

    private static IEnumerable<Violation> RefusedNeverAppears(Evidence e) =>
        from command in e.CallsByCommand
        where command.All(c => c.Answer is { IsNo: true }) && e.RowsByCommand.Contains(command.Key)
        select new Violation(
            Promises.RefusedNeverAppears,
            $"{command.First()}: yet position {e.RowsByCommand[command.Key].First().Position} is of it"
        );

    private static IEnumerable<Violation> AtMostOnce(Evidence e)
    {
        foreach (var command in e.RowsByCommand)
        {
            if (!e.CallsByCommand.Contains(command.Key))
                yield return new(
                    Promises.AtMostOnce,
                    $"no caller sent command {command.Key}, yet it has positions "
                        + $"{string.Join(", ", command.Select(r => r.Position))}"
                );
            else if (command.Count() > e.CallsByCommand[command.Key].First().Ask.EventCount)
                yield return new(
                    Promises.AtMostOnce,
                    $"{e.CallsByCommand[command.Key].First()}: it has positions "
                        + $"{string.Join(", ", command.Select(r => r.Position))}"
                );
        }
        foreach (var twice in e.Log.Rows.GroupBy(r => r.Id).Where(g => g.Count() > 1))
            yield return new(
                Promises.AtMostOnce,
                $"event {twice.Key} stands at {string.Join(" and ", twice.Select(r => r.Position))}"
            );
        // Every event's content is unique, so a duplicate shows under any id.
        foreach (var twice in e.Log.Rows.GroupBy(r => r.Body).Where(g => g.Count() > 1))
            yield return new(
                Promises.AtMostOnce,
                $"{twice.Key} stands at {string.Join(" and ", twice.Select(r => r.Position))}"
            );
    }

    private static IEnumerable<Violation> Dense(Evidence e)
    {
        for (var i = 0; i < e.Log.Rows.Count; i++)
        {
            if (e.Log.Rows[i].Position == i + 1)
                continue;
            yield return new(
                Promises.Dense,
                $"at the end, where position {i + 1} should be, there is {e.Log.Rows[i].Position}"
            );
            break;
        }
        if (e.Log.Chain != e.Log.Rows.Count)
            yield return new(
                Promises.Dense,
                $"at the end the chain's head is {e.Log.Chain}, but there are {e.Log.Rows.Count} events"
            );
        foreach (var s in e.History.Snapshots)
            if (s.Count != s.Highest || (s.Count > 0 && s.Lowest != 1) || s.Chain != s.Highest)
                yield return new(
                    Promises.Dense,
                    $"{s.Reader} saw {s.Count} events from {s.Lowest} to {s.Highest}, and {s.Chain} as the chain's head"
                );
        foreach (var reader in e.History.Sightings.GroupBy(s => s.Reader))
        {
            var last = 0L;
            foreach (var seen in reader)
            {
                if (last != 0 && seen.Row.Position != last + 1)
                    yield return new(
                        Promises.Dense,
                        $"{reader.Key} saw position {seen.Row.Position} right after {last}"
                    );
                last = seen.Row.Position;
            }
        }
    }

    private static IEnumerable<Violation> NeverChanges(Evidence e)
    {
        foreach (var (reader, live, row) in e.History.Sightings)
        {
            if (!e.RowAt.TryGetValue(row.Position, out var now))
            {
                if (!live)
                    yield return new(Promises.NeverChanges, $"{reader} saw {row}, and nothing stands there now");
            }
            // A node shows its own events as they were sent; the database writes the same values in its own format.
            else if (
                now != row
                && !(live && now == row with { Body = now.Body } && Evidence.SameJson(row.Body, now.Body))
            )
                yield return new(Promises.NeverChanges, $"{reader} saw {row}, and now {now} stands there");
        }
    }

    private static IEnumerable<Violation> DurableBeforeSeen(Evidence e) =>
        from seen in e.History.Sightings
        where seen.Live && e.RowAt.GetValueOrDefault(seen.Row.Position)?.Id != seen.Row.Id
        select new Violation(
            Promises.DurableBeforeSeen,
            $"{seen.Reader} was shown {seen.Row}, which is not in the log"
        );

    private static IEnumerable<Violation> RealTimeOrder(Evidence e)
    {
        // A repeat takes effect with the first copy, so a command lies between its first request and its first answer.
        var commands = e
            .CallsByCommand.Where(c => e.RowsByCommand.Contains(c.Key))
            .Select(c =>
                (
                    Asked: c.Min(x => x.Ask.AskedAt),
                    Answered: c.Min(x => x.Answer is { IsYes: true } ? x.AnsweredAt : long.MaxValue),
                    First: e.RowsByCommand[c.Key].First().Position,
                    Last: e.RowsByCommand[c.Key].Last().Position,
                    Call: c.First()
                )
            )
            .ToArray();
        var answered = commands.Where(c => c.Answered != long.MaxValue).OrderBy(c => c.Answered).ToArray();
        var (highest, next) = (-1, 0);
        foreach (var command in commands.OrderBy(c => c.Asked))
        {
            for (; next < answered.Length && answered[next].Answered < command.Asked; next++)
                if (highest < 0 || answered[next].Last > answered[highest].Last)
                    highest = next;
            if (highest >= 0 && answered[highest].Last >= command.First)
                yield return new(
                    Promises.RealTimeOrder,
                    $"{command.Call} was asked after {answered[highest].Call} had been answered, but stands "
                        + $"at {command.First}"
                );
        }
    }

    private static IEnumerable<Violation> Atomic(Evidence e)
    {
        foreach (var command in e.RowsByCommand.Where(c => e.CallsByCommand.Contains(c.Key)))
        {
            var (call, rows) = (e.CallsByCommand[command.Key].First(), command.ToArray());
            if (rows[^1].Position - rows[0].Position != rows.Length - 1)
                yield return new(
                    Promises.Atomic,
                    $"{call}: its positions are {string.Join(", ", rows.Select(r => r.Position))}"
                );
            else if (Evidence.Difference(call.Ask, rows) is { } difference)
                yield return new(Promises.Atomic, $"{call}: {difference}");
        }
    }

    private static IEnumerable<Violation> Repeats(Evidence e)
    {
        foreach (var command in e.CallsByCommand.Where(c => c.Skip(1).Any()))
        {
            var yes = command.Where(c => c.Answer is { IsYes: true }).ToArray();
            if (
                yes.FirstOrDefault(c =>
                    (c.Answer!.Version, c.Answer.Position) != (yes[0].Answer!.Version, yes[0].Answer!.Position)
                ) is
                { } other
            )
                yield return new(Promises.Repeats, $"{yes[0]}, but {other}");
            if (yes.Count(c => c.Answer!.Kind == AnswerKind.Accepted) > 1)
                yield return new(
                    Promises.Repeats,
                    $"{yes[0]}: {yes.Count(c => c.Answer!.Kind == AnswerKind.Accepted)} of its copies were "
                        + "accepted as the first"
                );
            foreach (var again in yes.Where(c => c.Answer!.Kind == AnswerKind.Repeated))
                if (
                    again.Ask.Remember is { } first
                    && (again.Answer!.Detail is not { } detail || !Evidence.SameJson(first, detail))
                )
                    yield return new(Promises.Repeats, $"{again}: the first was answered {first}");
        }
    }

    private static IEnumerable<Violation> TimeNeverGoesBack(Evidence e) =>
        from pair in e.Log.Rows.Zip(e.Log.Rows.Skip(1))
        where pair.Second.At < pair.First.At
        select new Violation(
            Promises.TimeNeverGoesBack,
            $"position {pair.First.Position} is of {pair.First.At:O}, position {pair.Second.Position} of "
                + $"{pair.Second.At:O}"
        );

    private static IEnumerable<Violation> Progress(Evidence e, TimeSpan within)
    {
        foreach (var fault in e.History.Faults)
        {
            foreach (var node in fault.Survivors)
            {
                var first = e
                    .Calls.Where(c => c.Ask.Node == node && c.Answer is { IsYes: true } && c.AnsweredAt > fault.EndedAt)
                    .Select(c => c.AnsweredAt)
                    .DefaultIfEmpty(0)
                    .Min();
                if (first == 0)
                    yield return new(Promises.Progress, $"after '{fault.Name}' node {node} appended nothing more");
                else if (Stopwatch.GetElapsedTime(fault.EndedAt, first) is var waited && waited > within)
                    yield return new(
                        Promises.Progress,
                        $"after '{fault.Name}' node {node} appended again only {waited.TotalSeconds:F1} s later"
                    );
            }
        }
    }
}
