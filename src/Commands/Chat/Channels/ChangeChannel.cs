using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Channels;

/// <summary>Replaces all of a channel but its kind and place. The same again changes nothing.</summary>
/// <param name="SlowModeSeconds">The least time between two messages of one member; 0 turns slow mode off.</param>
public sealed record ChangeChannel(
    Guid ChannelId,
    Guid MemberId,
    string Name,
    string? Topic,
    int SlowModeSeconds,
    bool Nsfw
);

public sealed class ChangeChannelValidator : AbstractValidator<ChangeChannel>
{
    public ChangeChannelValidator()
    {
        RuleFor(c => c.Name).MustBeChannelName();
        RuleFor(c => c.Topic).MustBeChannelTopic();
        RuleFor(c => c.SlowModeSeconds).MustBeSlowMode();
    }
}

public static class ChangeChannelHandler
{
    public static Refusal? Validate(
        ChangeChannel command,
        Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) => ChatRefusals.Unless(Permission.ManageChannels, member, community, now, channel);

    public static IEnumerable<ChannelEvent> Handle(ChangeChannel command, [WriteAggregate] Channel channel)
    {
        var next = new ChannelChanged(
            channel.Id,
            channel.CommunityId,
            command.Name,
            command.Topic,
            command.SlowModeSeconds,
            command.Nsfw,
            command.MemberId
        );
        if (channel.Apply(next) != channel)
            yield return next;
    }
}
