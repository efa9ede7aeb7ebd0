using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>
/// What has been mailed to one address lately, whoever asked for it: nobody's mailbox is flooded through us.
/// </summary>
/// <param name="Id">A hash of the address under a key of the servers': it tells the same address again and nothing
/// else.</param>
/// <param name="Mails">When the newest were asked for or sent, oldest first.</param>
public sealed record Mailbox(Guid Id, ImmutableList<DateTimeOffset> Mails)
{
    /// <summary>Enough for a few slips; who wants more waits.</summary>
    public const int PerHourMax = 5;

    /// <summary>More than anybody needs in a day, and fewer than annoy those who asked for none.</summary>
    public const int PerDayMax = 20;

    public static Mailbox Create(MailSent e) => new(e.MailboxId, [e.At]);

    public static Mailbox Create(PasswordResetAsked e) => new(e.MailboxId, [e.At]);

    public Mailbox Apply(MailSent e) => With(e.At);

    public Mailbox Apply(PasswordResetAsked e) => With(e.At);

    /// <summary>Whether one more mail now would be one too many.</summary>
    public bool IsFull(DateTimeOffset now) =>
        Mails.Count(m => m > now - TimeSpan.FromHours(1)) >= PerHourMax
        || Mails.Count(m => m > now - TimeSpan.FromDays(1)) >= PerDayMax;

    private Mailbox With(DateTimeOffset at) =>
        this with
        {
            Mails = Mails.Count < PerDayMax ? Mails.Add(at) : Mails.RemoveAt(0).Add(at),
        };
}
