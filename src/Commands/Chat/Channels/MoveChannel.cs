using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Channels;

/// <summary>
/// Moves a channel or a category to just after another, and leaves the others. Moving it there again changes nothing.
/// </summary>
/// <param name="CategoryId">Null moves it out of its category.</param>
/// <param name="AfterChannelId">A channel of that category. Null means its first place.</param>
public sealed record MoveChannel(Guid ChannelId, Guid MemberId, Guid? CategoryId, Guid? AfterChannelId);

public static class MoveChannelHandler
{
    public static Refusal? Validate(
        MoveChannel command,
        [ReadAggregate] Channel channel,
        Community community,
        [ReadAggregate] Member? member,
        [ReadAggregate] Channel? category,
        [ReadAggregate] Channel? afterChannel,
        DateTimeOffset now
    )
    {
        if (ChatRefusals.Unless(Permission.ManageChannels, member, community, now, channel) is { } refusal)
            return refusal;
        if (ChannelRules.Category(command.CategoryId, channel.Kind, category, community) is { } no)
            return no;
        if (command.AfterChannelId is not { } after)
            return null;
        if (afterChannel is not { Deleted: false } || afterChannel.CommunityId != community.Id)
            return Refusals.Unknown("channel", after);
        var isThere = community.Places.GetValueOrDefault(after).CategoryId == command.CategoryId;
        return isThere ? null : ChatRefusals.ChannelElsewhere;
    }

    public static IEnumerable<CommunityEvent> Handle(
        MoveChannel command,
        [ReadAggregate] Channel channel,
        [WriteAggregate] Community community
    ) =>
        ChannelPlace
            .Move(community.Places, channel.Id, command.CategoryId, command.AfterChannelId)
            .Select(move => new ChannelPlaced(
                community.Id,
                move.ChannelId,
                move.Place.CategoryId,
                move.Place.Rank,
                command.MemberId
            ));
}
