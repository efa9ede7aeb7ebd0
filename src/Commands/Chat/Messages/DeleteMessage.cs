using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Messages;

/// <summary>
/// Deletes a message. Its author may, and a member with the permission to manage messages. Deleting it again changes
/// nothing.
/// </summary>
public sealed record DeleteMessage(Guid MessageId, Guid MemberId);

public static class DeleteMessageHandler
{
    public static Refusal? Validate(
        DeleteMessage command,
        Message message,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) =>
        ChatRefusals.Unless(
            message.AuthorId == command.MemberId ? Permission.SendMessages : Permission.ManageMessages,
            member,
            community,
            now,
            channel
        );

    public static IEnumerable<MessageEvent> Handle(DeleteMessage command, [WriteAggregate] Message message)
    {
        if (!message.Deleted)
            yield return new MessageDeleted(message.Id, message.ChannelId, command.MemberId);
    }
}
