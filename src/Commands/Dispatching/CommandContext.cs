namespace Veza.Commands.Dispatching;

/// <summary>Who sends a command, and how it is told from a repeat.</summary>
/// <param name="CommandId">Made at the edge; derived from the caller and the idempotency key when there is one.</param>
/// <param name="AccountId">Null for the system itself.</param>
/// <param name="Fingerprint">
/// Hash of the request; given together with an idempotency key. Only with one is the first answer looked for before
/// deciding, so every id that may come twice needs one, even if it is empty.
/// </param>
/// <param name="ExpectedVersion">From <c>If-Match</c>: the version the caller thinks the write model has.</param>
/// <param name="Trace">Id of the trace that the command belongs to.</param>
public sealed record CommandContext(
    Guid CommandId,
    Guid? AccountId,
    byte[]? Fingerprint = null,
    long? ExpectedVersion = null,
    string? Trace = null
)
{
    /// <summary>
    /// What an earlier release would have stored as the fingerprint; a first answer with it is taken for one of this
    /// request.
    /// </summary>
    public byte[]? EarlierFingerprint { get; init; }

    /// <summary>For a command that follows from an event; it comes again when the reaction does.</summary>
    /// <param name="commandId">
    /// Derived from the reaction and the event. It tells the request too, hence the empty fingerprint.
    /// </param>
    public static CommandContext FollowUp(Guid commandId) => new(commandId, AccountId: null, Fingerprint: []);
}

public abstract record CommandResult
{
    /// <param name="Version">Of the stream that the command is about.</param>
    /// <param name="Position">
    /// Of the command's last event; of the model's last event when nothing needed to change.
    /// </param>
    /// <param name="Answer">
    /// The JSON the handler made, or remembered from the first time when this is a repeat of an idempotency key; null
    /// when the caller's own will do.
    /// </param>
    public sealed record Done(long Version, long Position, byte[]? Answer) : CommandResult;

    public sealed record Refused(Refusal Refusal) : CommandResult;
}
