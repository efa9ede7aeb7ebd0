using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Communities;

/// <summary>Creates a community with a channel called general. Its owner is its first member.</summary>
public sealed record CreateCommunity(Guid CommunityId, Guid GeneralChannelId, Guid OwnerId, string Name);

public sealed class CreateCommunityValidator : AbstractValidator<CreateCommunity>
{
    public CreateCommunityValidator() => RuleFor(c => c.Name).MustBeLine(Community.NameMax);
}

public static class CreateCommunityHandler
{
    public static Refusal? Validate(CreateCommunity command, [ReadAggregate] FoundedCommunities? founded) =>
        founded?.Count >= Community.FoundedMax ? ChatRefusals.TooManyCommunities : null;

    public static IEnumerable<Effect> Handle(CreateCommunity command, [ReadAggregate] FoundedCommunities? founded) =>
        [
            // Before the event that places it.
            Effect.Start<Channel>(
                command.GeneralChannelId,
                new ChannelCreated(command.GeneralChannelId, command.CommunityId, "general", ChannelKind.Text, null, 0)
            ),
            Effect.Start<Community>(
                command.CommunityId,
                new CommunityCreated(command.CommunityId, command.OwnerId, command.Name),
                new ChannelPlaced(
                    command.CommunityId,
                    command.GeneralChannelId,
                    CategoryId: null,
                    Rank: 1,
                    ByMemberId: command.OwnerId
                )
            ),
            Effect.Start<Member>(
                Member.StreamId(command.CommunityId, command.OwnerId),
                new MemberJoined(command.CommunityId, command.OwnerId)
            ),
            Effect.Append<FoundedCommunities>(
                FoundedCommunities.StreamId(command.OwnerId),
                new CommunityCounted(command.OwnerId, command.CommunityId)
            ),
        ];
}
