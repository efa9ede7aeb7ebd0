using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>
/// Limits the mails to one address, across all callers who ask for them, so that Veza floods no mailbox.
/// </summary>
/// <param name="Id">
/// A hash of the address, keyed by a secret of the servers. It shows only that an address is the same as before.
/// </param>
/// <param name="Mails">The times of the newest requests and mails, oldest first.</param>
public sealed record Mailbox(Guid Id, ImmutableList<DateTimeOffset> Mails)
{
    /// <summary>Enough for a few slips; further requests wait.</summary>
    public const int PerHourMax = 5;

    /// <summary>More than a person needs in a day, and few enough not to annoy one who asked for none.</summary>
    public const int PerDayMax = 20;

    public static Mailbox Create(MailSent e) => new(e.MailboxId, [e.At]);

    public static Mailbox Create(PasswordResetAsked e) => new(e.MailboxId, [e.At]);

    public Mailbox Apply(MailSent e) => With(e.At);

    public Mailbox Apply(PasswordResetAsked e) => With(e.At);

    /// <summary>Whether one more mail now would exceed a limit.</summary>
    public bool IsFull(DateTimeOffset now) =>
        Mails.Count(m => m > now - TimeSpan.FromHours(1)) >= PerHourMax
        || Mails.Count(m => m > now - TimeSpan.FromDays(1)) >= PerDayMax;

    private Mailbox With(DateTimeOffset at) =>
        this with
        {
            Mails = Mails.Count < PerDayMax ? Mails.Add(at) : Mails.RemoveAt(0).Add(at),
        };
}
