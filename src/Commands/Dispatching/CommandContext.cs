namespace Veza.Commands.Dispatching;

/// <summary>A command's sender, and the id by which its repeats are recognized.</summary>
/// <param name="CommandId">Derived from the caller and the idempotency key; new when there is no key.</param>
/// <param name="AccountId">The caller's account; null for the system itself.</param>
/// <param name="Fingerprint">
/// A hash of the request, together with an idempotency key. Only with a fingerprint does the bus look for a first
/// answer before it decides. So every id that may be sent twice needs one, even an empty one.
/// </param>
/// <param name="ExpectedVersion">From <c>If-Match</c>: the version that the caller expects of the aggregate.</param>
/// <param name="Trace">The <c>traceparent</c> of the request; null when its trace is not collected.</param>
public sealed record CommandContext(
    Guid CommandId,
    Guid? AccountId,
    byte[]? Fingerprint = null,
    long? ExpectedVersion = null,
    string? Trace = null
)
{
    /// <summary>
    /// The fingerprint that an earlier release would have stored. A first answer with it belongs to this request too.
    /// </summary>
    public byte[]? EarlierFingerprint { get; init; }

    /// <summary>For a reactor's command, which is sent again when the reactor runs again.</summary>
    /// <param name="commandId">
    /// Derived from the reactor and the event. It identifies the request too, hence the empty fingerprint.
    /// </param>
    public static CommandContext FollowUp(Guid commandId) => new(commandId, AccountId: null, Fingerprint: []);
}

/// <summary>The outcome of a command.</summary>
public abstract record CommandResult
{
    /// <param name="Version">The new version of the stream that the command is about.</param>
    /// <param name="Position">
    /// The position of the command's last event; of the aggregate's last event when nothing changed.
    /// </param>
    /// <param name="Answer">
    /// The handler's answer as JSON, or the first answer when this is a repeat of an idempotency key. Null when the
    /// sender makes the answer.
    /// </param>
    public sealed record Done(long Version, long Position, byte[]? Answer) : CommandResult;

    public sealed record Refused(Refusal Refusal) : CommandResult;
}
