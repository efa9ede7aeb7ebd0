namespace Veza.EventStore.Appending;

/// <summary>What one command changes: atomic and contiguous in the log, over as many streams as it touches.</summary>
/// <param name="CommandId">New for every command, unless there is a fingerprint.</param>
/// <param name="Changes">The answer has the version of the first.</param>
/// <param name="Correlation">The <c>traceparent</c> of the request; null when its trace is not collected.</param>
/// <param name="Answer">JSON to give again to a repeated command id; null when there is none to remember.</param>
/// <param name="Fingerprint">
/// Given when the command id may come again: a hash of the request, which distinguishes a repeat from a different
/// request under the same id. A repeat changes nothing and gets the first answer, for at least
/// <see cref="Appender.CommandsKeptDays"/> days.
/// </param>
/// <param name="Unchanged">The version and position to answer when no event is added.</param>
/// <param name="HistoryGeneration">
/// <see cref="EventLog.HistoryGeneration"/> before the command's aggregates were loaded; null: as of now. A command
/// decided on a history that is gone since is answered with a version conflict, whose actual version may be the one
/// expected.
/// </param>
/// <param name="ErasedAccounts">
/// Their keys are destroyed in the same transaction: from then on their personal data cannot be read.
/// </param>
public sealed record AppendRequest(
    Guid CommandId,
    IReadOnlyList<StreamChange> Changes,
    IReadOnlyList<UniqueNameClaim> Names,
    string? By = null,
    string? Correlation = null,
    byte[]? Answer = null,
    byte[]? Fingerprint = null,
    (long Version, long Position)? Unchanged = null,
    int? HistoryGeneration = null,
    IReadOnlyList<Guid>? ErasedAccounts = null
);

/// <param name="StreamType">The aggregate's alias: <c>message</c>.</param>
/// <param name="ExpectedVersion">
/// The version decided on, enforced exactly; 0 for a stream that must not exist yet.
/// </param>
/// <param name="Events">May be empty: then only the version is checked.</param>
/// <param name="SeenPosition">
/// Position of an event of the stream: its newest event is searched from there on. 0 searches everywhere.
/// </param>
public sealed record StreamChange(
    Guid StreamId,
    string StreamType,
    long ExpectedVersion,
    IReadOnlyList<object> Events,
    long SeenPosition = 0
);

/// <summary>Claims a name that only one owner may hold, or releases it.</summary>
public sealed record UniqueNameClaim(string Scope, string Name, Guid Owner, bool Claim);

public abstract record AppendOutcome
{
    /// <param name="Version">Of the first stream changed.</param>
    /// <param name="Position">Of the command's last event.</param>
    public sealed record Accepted(long Version, long Position, DateTimeOffset At) : AppendOutcome;

    public sealed record VersionConflict(Guid StreamId, long Actual) : AppendOutcome;

    public sealed record NameTaken(string Scope, string Name) : AppendOutcome;

    /// <summary>The command id was used before; these are its first answer and fingerprint.</summary>
    public sealed record Duplicate(long Version, long Position, byte[]? Answer, byte[]? Fingerprint) : AppendOutcome;
}

/// <summary>The queue of commands waiting to be appended is full; nothing was changed.</summary>
public sealed class LogBusyException(int queueLimit)
    : Exception($"{queueLimit} commands are waiting to be appended; try again shortly");

/// <summary>
/// The database broke off and did not come back in time: the command may or may not have been appended. Repeat it with
/// the same command id.
/// </summary>
public sealed class OutcomeUnknownException(Guid commandId, Exception cause)
    : Exception($"it is not known whether command {commandId} was appended; repeat it with the same command id", cause);
