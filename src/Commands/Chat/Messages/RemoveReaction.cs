using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Messages;

/// <summary>Removes the caller's emoji from a message. Without one it changes nothing.</summary>
public sealed record RemoveReaction(Guid MessageId, Guid MemberId, string Emoji);

public sealed class RemoveReactionValidator : AbstractValidator<RemoveReaction>
{
    public RemoveReactionValidator() => RuleFor(c => c.Emoji).MustBeOneEmoji();
}

public static class RemoveReactionHandler
{
    public static Refusal? Validate(
        RemoveReaction command,
        Message message,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) =>
        ChatRefusals.Unless(Permission.AddReactions, member, community, now, channel)
        ?? (message.Deleted ? ChatRefusals.MessageDeleted : null);

    public static IEnumerable<MessageEvent> Handle(RemoveReaction command, [WriteAggregate] Message message)
    {
        if (message.Reactions.Contains(new(command.MemberId, command.Emoji)))
            yield return new ReactionRemoved(message.Id, message.ChannelId, command.MemberId, command.Emoji);
    }
}
