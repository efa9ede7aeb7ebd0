namespace Veza.Domain.Accounts;

/// <summary>A password reset that an operator handed out.</summary>
/// <param name="TokenHash">The hash of the one token that sets a new password.</param>
public sealed record PendingReset(string TokenHash, DateTimeOffset ExpiresAt)
{
    /// <summary>Long enough to hand a token on, short enough that a lost one soon expires.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);
}
