using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Messages;

/// <summary>Posts a message in a channel.</summary>
public sealed record SendMessage(Guid MessageId, Guid ChannelId, Guid MemberId, string Text, Guid? ReplyToId);

public sealed class SendMessageValidator : AbstractValidator<SendMessage>
{
    public SendMessageValidator(Limits limits) =>
        RuleFor(c => c.Text).MustBeText(limits.MaxMessageSize, "MAX_MESSAGE_SIZE");
}

public static class SendMessageHandler
{
    public static Refusal? Validate(
        SendMessage command,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        [ReadAggregate] SlowModeMark? mark,
        [ReadAggregate] Message? replyTo,
        DateTimeOffset now
    )
    {
        // As on Discord, who answers a message may read it.
        var needed = command.ReplyToId is null
            ? Permission.SendMessages
            : Permission.SendMessages | Permission.ReadMessageHistory;
        if (ChatRefusals.Unless(needed, member, community, now, channel) is { } refusal)
            return refusal;
        if (channel.Kind == ChannelKind.Category)
            return ChatRefusals.NoMessagesHere;
        if (command.ReplyToId is { } answered && replyTo is null)
            return Refusals.Unknown("message", answered);
        if (command.ReplyToId is not null && replyTo!.ChannelId != channel.Id)
            return ChatRefusals.ReplyElsewhere;
        return SlowMode(channel, Permissions.Of(member, community, now, channel), mark, now);
    }

    public static IEnumerable<Effect> Handle(SendMessage command, [ReadAggregate] Channel channel, DateTimeOffset now)
    {
        yield return Effect.Start<Message>(
            command.MessageId,
            new MessageSent(command.MessageId, channel.Id, command.MemberId, command.Text, command.ReplyToId)
        );
        if (channel.SlowModeSeconds > 0)
            yield return Effect.Append<SlowModeMark>(
                SlowModeMark.StreamId(channel.Id, command.MemberId),
                new MemberPosted(channel.Id, command.MemberId, command.MessageId, now)
            );
    }

    private const Permission ExemptFromSlowMode = Permission.ManageMessages | Permission.BypassSlowMode;

    private static Refusal? SlowMode(Channel channel, Permission has, SlowModeMark? mark, DateTimeOffset now)
    {
        if (channel.SlowModeSeconds == 0 || mark is null || (has & ExemptFromSlowMode) != Permission.None)
            return null;
        var wait = mark.LastAt.AddSeconds(channel.SlowModeSeconds) - now;
        return wait > TimeSpan.Zero ? ChatRefusals.SlowMode(wait) : null;
    }
}
