using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Messages;

/// <summary>
/// Replaces a message's text. The former text stays in the log. The same text again changes nothing.
/// </summary>
public sealed record EditMessage(Guid MessageId, Guid MemberId, string Text);

public sealed class EditMessageValidator : AbstractValidator<EditMessage>
{
    public EditMessageValidator(Limits limits) =>
        RuleFor(c => c.Text).MustBeText(limits.MaxMessageSize, "MAX_MESSAGE_SIZE");
}

public static class EditMessageHandler
{
    public static Refusal? Validate(
        EditMessage command,
        Message message,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    )
    {
        if (ChatRefusals.Unless(Permission.SendMessages, member, community, now, channel) is { } refusal)
            return refusal;
        if (message.Deleted)
            return ChatRefusals.MessageDeleted;
        return message.AuthorId == command.MemberId ? null : ChatRefusals.NotTheAuthor;
    }

    public static IEnumerable<MessageEvent> Handle(EditMessage command, [WriteAggregate] Message message)
    {
        if (message.Text != command.Text)
            yield return new MessageEdited(message.Id, message.ChannelId, message.AuthorId, command.Text);
    }
}
