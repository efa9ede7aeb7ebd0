using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Roles;

/// <summary>Removes what a channel grants and denies a role or a member. Without it, nothing changes.</summary>
public sealed record RemoveOverwrite(Guid ChannelId, Guid MemberId, Guid TargetId);

public static class RemoveOverwriteHandler
{
    public static Refusal? Validate(
        RemoveOverwrite command,
        Channel channel,
        [ReadAggregate] Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) => OverwriteRules.Validate(channel.Overwrite(command.TargetId), null, member, community, channel, now);

    public static IEnumerable<ChannelEvent> Handle(RemoveOverwrite command, [WriteAggregate] Channel channel)
    {
        if (channel.Overwrite(command.TargetId) is not null)
            yield return new OverwriteRemoved(channel.Id, channel.CommunityId, command.TargetId, command.MemberId);
    }
}
