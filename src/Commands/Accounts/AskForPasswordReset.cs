using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Asks for a new password by an address. Addresses that no account holds are remembered like any other, so that
/// neither the answer nor its time tells which there are; an address that was mailed to often lately gets no more.
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
