using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Roles;

/// <summary>Gives a member a role. Giving it again changes nothing.</summary>
/// <param name="ByMemberId">Who gives it, and has a higher one.</param>
public sealed record GiveRole(Guid CommunityId, Guid MemberId, Guid RoleId, Guid ByMemberId);

public static class GiveRoleHandler
{
    public static Refusal? Validate(
        GiveRole command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(GiveRole.CommunityId), nameof(GiveRole.ByMemberId))] Member? by,
        Member? member,
        DateTimeOffset now
    ) =>
        RoleRules.ValidateOther(command.RoleId, by, community, now)
        ?? (member is { Present: true } ? null : Refusals.Unknown("member", command.MemberId));

    public static IEnumerable<MemberEvent> Handle(GiveRole command, [WriteAggregate] Member? member)
    {
        if (!member!.RoleIds.Contains(command.RoleId))
            yield return new MemberRoleGiven(command.CommunityId, command.MemberId, command.RoleId, command.ByMemberId);
    }
}
