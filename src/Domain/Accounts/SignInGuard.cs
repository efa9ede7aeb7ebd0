namespace Veza.Domain.Accounts;

/// <summary>How often signing in under one name has failed lately: the next try waits ever longer.</summary>
public sealed record SignInGuard(Guid Id, int InARow, DateTimeOffset NextTryAt)
{
    /// <summary>Tries that are only slips of the fingers.</summary>
    public const int FreeTries = 10;

    public static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(5);

    /// <summary>Some hundred guesses a day are nothing against ten characters; a longer wait would only harm the owner.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan ForgottenAfter = TimeSpan.FromHours(24);

    public static SignInGuard Create(SignInFailed e) => new(e.GuardId, e.InARow, e.NextTryAt);
    public SignInGuard Apply(SignInFailed e) => Create(e);

    /// <summary>How long the next try waits after so many failures: nothing at first, then twice as long each time.</summary>
    public static TimeSpan Wait(int inARow)
    {
        if (inARow < FreeTries) return TimeSpan.Zero;
        // Beyond twenty doublings it is the longest anyway.
        var wait = WaitMin * Math.Pow(2, Math.Min(inARow - FreeTries, 20));
        return wait < WaitMax ? wait : WaitMax;
    }
}
