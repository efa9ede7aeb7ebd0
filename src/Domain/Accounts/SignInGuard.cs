namespace Veza.Domain.Accounts;

/// <summary>Counts the recent failures to sign in under one name. Each further failure doubles the next wait.</summary>
/// <param name="InARow">Failures, and tries whose outcome is not known yet.</param>
/// <param name="Newest">The newest try while it may still succeed.</param>
public sealed record SignInGuard(Guid Id, int InARow, DateTimeOffset NextTryAt, SignInGuard.Try? Newest = null)
{
    /// <param name="InARow">As it was before the try.</param>
    /// <param name="NextTryAt">As it was before the try.</param>
    public sealed record Try(Guid Id, int InARow, DateTimeOffset NextTryAt);

    /// <summary>Tries without a wait: slips of the fingers.</summary>
    public const int FreeTries = 10;

    public static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A hundred guesses a day do not break a password of ten characters. A longer wait would only harm the owner.
    /// </summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromHours(24);

    public static SignInGuard Create(SignInTried e) => new(e.GuardId, e.InARow, e.NextTryAt, new(e.TryId, 0, default));

    public static SignInGuard Create(SignInFailed e) => new(e.GuardId, e.InARow, e.NextTryAt);

    public SignInGuard Apply(SignInTried e) =>
        this with
        {
            InARow = e.InARow,
            NextTryAt = e.NextTryAt,
            Newest = new(e.TryId, InARow, NextTryAt),
        };

    public SignInGuard Apply(SignInFailed e) => this with { InARow = e.InARow, NextTryAt = e.NextTryAt };

    public SignInGuard Apply(SignInTryPassed e) =>
        this with
        {
            InARow = e.InARow,
            NextTryAt = e.NextTryAt,
            Newest = null,
        };

    /// <summary>
    /// How long the next try waits after this many failures: at first not at all, then twice as long each time.
    /// </summary>
    public static TimeSpan Wait(int inARow)
    {
        if (inARow < FreeTries)
            return TimeSpan.Zero;
        // Beyond twenty doublings the wait is WaitMax anyway.
        var wait = WaitMin * Math.Pow(2, Math.Min(inARow - FreeTries, 20));
        return wait < WaitMax ? wait : WaitMax;
    }
}
