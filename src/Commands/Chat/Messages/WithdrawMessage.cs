using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Messages;

namespace Veza.Commands.Chat.Messages;

/// <summary>
/// Deletes a message of a banned account, as the ban ordered. The ban decided that the moderator may. Deleting it again
/// changes nothing.
/// </summary>
public sealed record WithdrawMessage(Guid MessageId, Guid ModeratorId);

public static class WithdrawMessageHandler
{
    public static IEnumerable<MessageEvent> Handle(WithdrawMessage command, [WriteAggregate] Message message)
    {
        if (!message.Deleted)
            yield return new MessageDeleted(message.Id, message.ChannelId, command.ModeratorId);
    }
}
