using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Records that a mail went to an address, which all nodes count.</summary>
/// <param name="AboutId">The account that the mail was about.</param>
public sealed record RecordMailSent(Guid MailboxId, Guid AboutId, MailKind Kind);

public static class RecordMailSentHandler
{
    public static AccountEvent Handle(RecordMailSent command, [WriteAggregate] Mailbox? mailbox, DateTimeOffset now) =>
        new MailSent(command.MailboxId, command.AboutId, command.Kind, now);
}
