using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Members;

/// <summary>Lets a banned account join again. Without a ban it changes nothing.</summary>
public sealed record UnbanMember(Guid CommunityId, Guid MemberId, Guid ModeratorId);

public static class UnbanMemberHandler
{
    public static Refusal? Validate(
        UnbanMember command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(UnbanMember.CommunityId), nameof(UnbanMember.ModeratorId))] Member? moderator,
        DateTimeOffset now
    ) => ChatRefusals.Unless(Permission.BanMembers, moderator, community, now);

    public static IEnumerable<MemberEvent> Handle(UnbanMember command, [WriteAggregate] Member? member)
    {
        if (member is { Banned: true })
            yield return new MemberUnbanned(command.CommunityId, command.MemberId, command.ModeratorId);
    }
}
