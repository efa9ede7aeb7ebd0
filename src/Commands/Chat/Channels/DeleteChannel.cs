using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Channels;

/// <summary>Deletes a channel with its messages. The channels of a category stay, in none.</summary>
public sealed record DeleteChannel(Guid ChannelId, Guid MemberId);

public static class DeleteChannelHandler
{
    public static Refusal? Validate(
        DeleteChannel command,
        [ReadAggregate] Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) => ChatRefusals.Unless(Permission.ManageChannels, member, community, now, channel);

    public static IEnumerable<Effect> Handle(DeleteChannel command, [ReadAggregate] Channel channel) =>
        [
            Effect.Append<Channel>(channel.Id, new ChannelDeleted(channel.Id, channel.CommunityId, command.MemberId)),
            Effect.Append<Community>(channel.CommunityId, new ChannelUncounted(channel.CommunityId, channel.Id)),
        ];
}
