using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Members;

/// <summary>Makes an account a member of a community. Joining again changes nothing.</summary>
public sealed record JoinCommunity(Guid CommunityId, Guid MemberId);

public static class JoinCommunityHandler
{
    public static Refusal? Validate(JoinCommunity command, Member? member) =>
        member is { Banned: true } ? ChatRefusals.Banned : null;

    public static IEnumerable<MemberEvent> Handle(
        JoinCommunity command,
        [ReadAggregate] Community community,
        [WriteAggregate] Member? member
    )
    {
        if (member is not { Present: true })
            yield return new MemberJoined(community.Id, command.MemberId);
    }
}
