using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Checking;

/// <summary>
/// Checks that each stream is linearizable: its versions are 1, 2, 3 … in the log's order, and every reported conflict
/// names a version that the stream had between request and answer, other than the expected one. Another checker
/// compares the order with real time.
/// </summary>
internal static class VersionChecker
{
    public static IEnumerable<Violation> Check(Evidence e)
    {
        var streams = e.Log.Rows.ToLookup(r => r.Stream);
        foreach (var stream in streams)
        {
            var version = 0L;
            foreach (var row in stream)
                if (row.Version != ++version)
                {
                    yield return new(
                        Promises.ExpectedVersion,
                        $"stream {stream.Key}: position {row.Position} has version {row.Version} where "
                            + $"{version} should be"
                    );
                    break;
                }
        }

        foreach (var call in e.Calls)
        {
            if (call.Answer is not { Kind: AnswerKind.VersionConflict } conflict)
                continue;
            var asked = call.Ask.Changes.FirstOrDefault(c => c.Stream == conflict.Stream);
            if (asked is null || asked.Expected == conflict.Version)
            {
                yield return new(Promises.ExpectedVersion, $"{call}: that is no conflict with what was asked");
                continue;
            }
            var rows = streams[conflict.Stream].ToArray();
            if (conflict.Version > rows.Length)
                yield return new(
                    Promises.ExpectedVersion,
                    $"{call}: the stream never had that version; it ends at {rows.Length}"
                );
            else if (conflict.Version > 0 && Asked(e, rows[conflict.Version - 1]) > call.AnsweredAt)
                yield return new(
                    Promises.ExpectedVersion,
                    $"{call}: that version was asked for only after this was answered"
                );
            else if (conflict.Version < rows.Length && Answered(e, rows[conflict.Version]) < call.Ask.AskedAt)
                yield return new(Promises.ExpectedVersion, $"{call}: the stream had moved on before this was asked");
        }
    }

    private static long Asked(Evidence e, LogRow row) =>
        e.CallsByCommand[row.CommandId].Select(c => c.Ask.AskedAt).DefaultIfEmpty(0).Min();

    private static long Answered(Evidence e, LogRow row) =>
        e.CallsByCommand[row.CommandId]
            .Where(c => c.Answer is { IsYes: true })
            .Select(c => c.AnsweredAt)
            .DefaultIfEmpty(long.MaxValue)
            .Min();
}
