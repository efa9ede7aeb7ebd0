namespace Veza.Commands.Dispatching;

/// <summary>The kind of a refusal. Each API translates it into its protocol, such as an HTTP status.</summary>
public enum RefusalKind
{
    Invalid,
    Unauthenticated,
    NotAllowed,
    Unknown,
    Conflict,
    Stale,
    TooLarge,
    WrongMethod,
    Unsupported,
    Unprocessable,
    TooFast,
    Unavailable,
}

/// <summary>An expected "no".</summary>
/// <param name="Code">Never changes, since clients decide by it.</param>
/// <param name="Detail">A sentence for people that names the setting or limit and the value.</param>
public sealed record Refusal(string Code, RefusalKind Kind, string Detail)
{
    /// <summary>The errors of an invalid command, by field name in camel case.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>How long to wait before the next try, for a command that came too fast.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The refusals that every command may get.</summary>
public static class Refusals
{
    public static Refusal Unknown(string streamType, Guid id) =>
        new($"{streamType}_unknown", RefusalKind.Unknown, $"there is no {streamType.Replace('_', ' ')} {id}");

    public static Refusal Invalid(IReadOnlyDictionary<string, string[]> errors) =>
        new("invalid", RefusalKind.Invalid, string.Join("; ", errors.SelectMany(e => e.Value))) { Errors = errors };

    public static Refusal Stale(long expected, long actual) =>
        new("stale", RefusalKind.Stale, $"the version is {actual}, not {expected} as If-Match says");

    public static Refusal Contended(int attempts) =>
        new("contended", RefusalKind.Conflict, $"others changed the same thing {attempts} times in between; try again");

    public static Refusal NameTaken(string scope, string name) =>
        new($"{scope}_taken", RefusalKind.Conflict, $"{scope.Replace('_', ' ')} \"{name}\" is taken");

    public static readonly Refusal IdempotencyKeyReused = new(
        "idempotency_key_reused",
        RefusalKind.Unprocessable,
        "this Idempotency-Key was used before for a different request"
    );

    public static Refusal LogBusy(string detail) =>
        new("log_busy", RefusalKind.Unavailable, detail) { RetryAfter = TimeSpan.FromSeconds(1) };

    public static readonly Refusal StorageFull = new(
        "storage_full",
        RefusalKind.Unavailable,
        "the server's disk is full: nothing was changed; try again later"
    )
    {
        RetryAfter = TimeSpan.FromSeconds(10),
    };

    public static Refusal OutcomeUnknown(string detail) =>
        new("outcome_unknown", RefusalKind.Unavailable, detail) { RetryAfter = TimeSpan.FromSeconds(5) };
}
