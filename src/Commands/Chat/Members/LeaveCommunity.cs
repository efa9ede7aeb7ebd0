using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Members;

/// <summary>Ends the caller's membership. Without a membership it changes nothing.</summary>
public sealed record LeaveCommunity(Guid CommunityId, Guid MemberId);

public static class LeaveCommunityHandler
{
    public static Refusal? Validate(LeaveCommunity command, [ReadAggregate] Community community) =>
        community.OwnerId == command.MemberId ? ChatRefusals.OwnerCannotLeave : null;

    public static IEnumerable<MemberEvent> Handle(LeaveCommunity command, [WriteAggregate] Member? member)
    {
        if (member is { Present: true })
            yield return new MemberLeft(command.CommunityId, command.MemberId);
    }
}
