using System.Text.Json;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Checking;

/// <summary>A promise of the log that a history breaks, and the proof.</summary>
public sealed record Violation(string Promise, string What)
{
    public override string ToString() => $"{Promise}: {What}";
}

/// <summary>A history and the log it led to, indexed for the checkers.</summary>
public sealed class Evidence
{
    public Evidence(History history, LogAtEnd log)
    {
        History = history;
        Log = log;
        Calls = [.. history.Calls];
        CallsByCommand = Calls.ToLookup(c => c.Ask.CommandId);
        RowsByCommand = log.Rows.ToLookup(r => r.CommandId);
        RowAt = [];
        foreach (var row in log.Rows)
            RowAt.TryAdd(row.Position, row);
    }

    public History History { get; }
    public LogAtEnd Log { get; }
    public IReadOnlyList<Call> Calls { get; }

    /// <summary>Several calls when a command id was sent again.</summary>
    public ILookup<Guid, Call> CallsByCommand { get; }

    /// <summary>In order of position.</summary>
    public ILookup<Guid, LogRow> RowsByCommand { get; }
    public Dictionary<long, LogRow> RowAt { get; }

    /// <summary>
    /// JSON of the same values. PostgreSQL writes JSON in its own format, so only texts that it wrote can be compared
    /// byte by byte.
    /// </summary>
    public static bool SameJson(string one, string other)
    {
        if (string.Equals(one, other, StringComparison.Ordinal))
            return true;
        using var a = JsonDocument.Parse(one);
        using var b = JsonDocument.Parse(other);
        return JsonElement.DeepEquals(a.RootElement, b.RootElement);
    }

    /// <returns>How the rows differ from the command's request; null when they match it.</returns>
    public static string? Difference(Ask ask, IReadOnlyList<LogRow> rows)
    {
        if (rows.Count != ask.EventCount)
            return $"{rows.Count} of its {ask.EventCount} events are in the log";
        var i = 0;
        foreach (var change in ask.Changes)
        {
            for (var step = 0; step < change.Events.Count; step++, i++)
            {
                var row = rows[i];
                if (row.Stream != change.Stream)
                    return $"position {row.Position} is of stream {row.Stream}, not of {change.Stream}";
                if (row.Version != change.Expected + step + 1)
                    return $"position {row.Position} has version {row.Version}, not {change.Expected + step + 1}";
                if (!SameJson(row.Body, change.Events[step]))
                    return $"position {row.Position} holds {row.Body}, not {change.Events[step]}";
            }
        }
        return null;
    }
}
