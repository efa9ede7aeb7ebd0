using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Messages;

namespace Veza.Commands.Chat.Messages;

/// <summary>
/// Deletes a message of somebody banned, as the ban said. Whether the moderator may was decided then; deleting again
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
