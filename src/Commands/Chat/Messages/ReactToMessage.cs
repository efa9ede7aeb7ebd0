using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Messages;

/// <summary>Puts one member's emoji on one message. Sending it again changes nothing.</summary>
public sealed record ReactToMessage(Guid MessageId, Guid MemberId, string Emoji);

public sealed class ReactToMessageValidator : AbstractValidator<ReactToMessage>
{
    public ReactToMessageValidator() => RuleFor(c => c.Emoji).MustBeOneEmoji();
}

public static class ReactToMessageHandler
{
    public static Refusal? Validate(
        ReactToMessage command,
        Message message,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    )
    {
        // As on Discord, who joins a reaction adds none; but a time-out leaves only reading.
        var joins = message.Reactions.Any(reaction => reaction.Emoji == command.Emoji);
        var needed = Permission.ReadMessageHistory;
        if (!joins || member?.IsTimedOut(now) == true)
            needed |= Permission.AddReactions;
        if (ChatRefusals.Unless(needed, member, community, now, channel) is { } refusal)
            return refusal;
        if (message.Deleted)
            return ChatRefusals.MessageDeleted;
        return message.HasRoomFor(command.Emoji) ? null : ChatRefusals.TooManyEmoji;
    }

    public static IEnumerable<MessageEvent> Handle(ReactToMessage command, [WriteAggregate] Message message)
    {
        if (!message.Reactions.Contains(new(command.MemberId, command.Emoji)))
            yield return new ReactionAdded(message.Id, message.ChannelId, command.MemberId, command.Emoji);
    }
}
