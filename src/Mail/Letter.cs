namespace Veza.Mail;

/// <summary>One mail to one person, in plain text and in simple HTML of the same content.</summary>
/// <param name="AccountId">The account that it is about. A warning may go to the owner of another account.</param>
public sealed record Letter(Guid AccountId, string To, string Subject, string Text, string Html)
{
    // The letter holds an address and often a token, which must not reach a log.
    public override string ToString() => $"a mail about account {AccountId}";
}
