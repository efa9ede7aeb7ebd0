using System.Diagnostics;
using System.Text;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Database;
using Veza.EventStore.Events;

namespace Veza.Faults.Tests.Recording;

/// <summary>A caller's request to the log.</summary>
/// <param name="Node">The node that received it.</param>
/// <param name="Number">1, 2, 3 … within a node.</param>
/// <param name="Repeatable">The command id may be repeated, and a repeat must get the first answer.</param>
/// <param name="Remember">JSON that the log returns to a repeat; null without one.</param>
/// <param name="AskedAt">
/// In ticks of <see cref="Stopwatch"/>, whose clock is the machine's and so the same in every process.
/// </param>
public sealed record Ask(
    string Node,
    int Number,
    Guid CommandId,
    IReadOnlyList<AskedChange> Changes,
    IReadOnlyList<AskedName> Names,
    bool Repeatable,
    string? Remember,
    long AskedAt
)
{
    public int EventCount => Changes.Sum(c => c.Events.Count);

    public static Ask Of(string node, int number, AppendRequest request, EventTypes types) =>
        new(
            node,
            number,
            request.CommandId,
            [
                .. request.Changes.Select(c => new AskedChange(
                    c.StreamId,
                    c.ExpectedVersion,
                    [.. c.Events.Select(e => Encoding.UTF8.GetString(types.Write(e)))]
                )),
            ],
            [.. request.Names.Select(n => new AskedName(n.Scope, n.Name, n.Owner, n.Claim))],
            request.Fingerprint is not null,
            request.Answer is null ? null : Encoding.UTF8.GetString(request.Answer),
            Stopwatch.GetTimestamp()
        );
}

/// <param name="Events">Each event's JSON.</param>
public sealed record AskedChange(Guid Stream, long Expected, IReadOnlyList<string> Events);

public sealed record AskedName(string Scope, string Name, Guid Owner, bool Claim);

public enum AnswerKind
{
    Accepted,
    Repeated,
    VersionConflict,
    NameTaken,
    NoRoom,
    Refused,
    Unknown,
}

/// <summary>The answer that the caller received.</summary>
/// <param name="Stream">The stream in conflict; <paramref name="Version"/> is then its actual version.</param>
/// <param name="Detail">The taken name, the answer to a repeat, or the fault's message.</param>
public sealed record Answer(
    AnswerKind Kind,
    long Version = 0,
    long Position = 0,
    Guid Stream = default,
    string? Detail = null
)
{
    public bool IsYes => Kind is AnswerKind.Accepted or AnswerKind.Repeated;
    public bool IsNo =>
        Kind is AnswerKind.VersionConflict or AnswerKind.NameTaken or AnswerKind.NoRoom or AnswerKind.Refused;

    public static Answer Of(AppendOutcome outcome) =>
        outcome switch
        {
            AppendOutcome.Accepted yes => new(AnswerKind.Accepted, yes.Version, yes.Position),
            AppendOutcome.Duplicate again => new(
                AnswerKind.Repeated,
                again.Version,
                again.Position,
                Detail: again.Answer is null ? null : Encoding.UTF8.GetString(again.Answer)
            ),
            AppendOutcome.VersionConflict conflict => new(
                AnswerKind.VersionConflict,
                conflict.Actual,
                Stream: conflict.StreamId
            ),
            AppendOutcome.NameTaken taken => new(AnswerKind.NameTaken, Detail: $"{taken.Scope}/{taken.Name}"),
            _ => throw new ArgumentException($"{outcome.GetType().Name} is no answer known here", nameof(outcome)),
        };

    /// <summary>
    /// An error from the database means that nothing was appended. After any other failure the command may have been
    /// appended.
    /// </summary>
    public static Answer Of(Exception fault) =>
        fault switch
        {
            StorageFullException => new(AnswerKind.NoRoom, Detail: fault.Message),
            LogBusyException or ObjectDisposedException or PostgresException => new(
                AnswerKind.Refused,
                Detail: fault.Message
            ),
            _ => new(AnswerKind.Unknown, Detail: $"{fault.GetType().Name}: {fault.Message}"),
        };
}

/// <summary>A request and, once it came, its answer.</summary>
public sealed class Call(Ask ask)
{
    private Answer? _answer;

    public Ask Ask { get; } = ask;

    /// <summary>
    /// Null for ever when the caller's node died first: no caller received an answer, and the command may have been
    /// appended.
    /// </summary>
    public Answer? Answer => Volatile.Read(ref _answer);

    /// <summary>Same clock as <see cref="Ask.AskedAt"/>; valid when there is an answer.</summary>
    public long AnsweredAt { get; private set; } = long.MaxValue;

    public void Answered(Answer answer, long at)
    {
        AnsweredAt = at;
        if (Interlocked.CompareExchange(ref _answer, answer, null) is not null)
            throw new InvalidOperationException($"{this} was answered twice");
    }

    public override string ToString() =>
        $"{Ask.Node}#{Ask.Number} command {Ask.CommandId} "
        + $"[{string.Join(", ", Ask.Changes.Select(c => $"{c.Stream}@{c.Expected}+{c.Events.Count}"))}"
        + string.Concat(Ask.Names.Select(n => $", {(n.Claim ? "claim" : "release")} {n.Scope}/{n.Name} for {n.Owner}"))
        + "]"
        + $" → {(Answer is { } a ? $"{a.Kind} version {a.Version} position {a.Position} {a.Detail}" : "no answer")}";
}
