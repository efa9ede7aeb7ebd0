using Veza.Commands.Dispatching;
using Veza.Domain.Chat;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Roles;

/// <summary>
/// Moves a role to just above another one, below the member's own. Moving it there again changes nothing.
/// </summary>
/// <param name="AboveRoleId">The community's id, the role that everyone has, means the lowest place.</param>
public sealed record MoveRole(Guid CommunityId, Guid RoleId, Guid MemberId, Guid AboveRoleId);

public static class MoveRoleHandler
{
    public static Refusal? Validate(
        MoveRole command,
        Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) =>
        RoleRules.ValidateOther(command.RoleId, member, community, now)
        ?? RoleRules.Validate(command.AboveRoleId, member, community, now);

    public static IEnumerable<CommunityEvent> Handle(MoveRole command, [WriteAggregate] Community community) =>
        Ranks
            .Move(community.RoleRanks(), command.RoleId, command.AboveRoleId)
            .Select(move => new RoleMoved(community.Id, move.Id, command.MemberId, move.Rank));
}
