using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Channels;

/// <summary>Creates a channel in a community.</summary>
/// <param name="SlowModeSeconds">The least time between two messages of one member; 0 turns slow mode off.</param>
public sealed record CreateChannel(
    Guid ChannelId,
    Guid CommunityId,
    Guid MemberId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds
);

public sealed class CreateChannelValidator : AbstractValidator<CreateChannel>
{
    public CreateChannelValidator()
    {
        RuleFor(c => c.Name).MustBeLine(Channel.NameMax);
        RuleFor(c => c.Kind).IsInEnum();
        RuleFor(c => c.Topic).MustBeStorable().MaximumLength(Channel.TopicMax);
        RuleFor(c => c.SlowModeSeconds).InclusiveBetween(0, Channel.SlowModeSecondsMax);
    }
}

public static class CreateChannelHandler
{
    public static Refusal? Validate(
        CreateChannel command,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) =>
        ChatRefusals.Unless(Permission.ManageChannels, member, community, now)
        ?? (community.Channels >= Community.ChannelsMax ? ChatRefusals.TooManyChannels : null);

    public static IEnumerable<Effect> Handle(CreateChannel command, [ReadAggregate] Community community) =>
        [
            Effect.Start<Channel>(
                command.ChannelId,
                new ChannelCreated(
                    command.ChannelId,
                    command.CommunityId,
                    command.Name,
                    command.Kind,
                    command.Topic,
                    command.SlowModeSeconds
                )
            ),
            // In the community's stream, so two channels created at the same time are counted one after the other.
            Effect.Append<Community>(community.Id, new ChannelCounted(community.Id, command.ChannelId)),
        ];
}
