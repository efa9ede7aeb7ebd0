namespace Veza.Mail;

/// <summary>One mail to one person, in plain text and in simple HTML that says the same.</summary>
/// <param name="AccountId">Whom it is about; the recipient of a warning may be another's owner.</param>
public sealed record Letter(Guid AccountId, string To, string Subject, string Text, string Html)
{
    // It holds an address and, often, a token.
    public override string ToString() => $"a mail about account {AccountId}";
}
