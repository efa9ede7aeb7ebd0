using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Asks for a new password for an e-mail address. Requests for unknown addresses are recorded too, so neither the
/// answer nor its timing reveals which addresses exist. An address that received its limit of mails gets no more.
/// </summary>
/// <param name="HolderId">The account that holds the address; null when none does.</param>
public sealed record AskForPasswordReset(Guid MailboxId, Guid? HolderId);

public static class AskForPasswordResetHandler
{
    public static IEnumerable<AccountEvent> Handle(
        AskForPasswordReset command,
        [WriteAggregate] Mailbox? mailbox,
        DateTimeOffset now
    )
    {
        if (mailbox?.IsFull(now) != true)
            yield return new PasswordResetAsked(command.MailboxId, command.HolderId, now);
    }
}
