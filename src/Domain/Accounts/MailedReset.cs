namespace Veza.Domain.Accounts;

/// <summary>A password reset that was mailed.</summary>
/// <param name="ResetId">The one mailed token that sets a new password is derived from it.</param>
public sealed record MailedReset(Guid ResetId, DateTimeOffset ExpiresAt)
{
    /// <summary>Mail may take a while, but a token must soon expire in a mailbox that others can read.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);
}
