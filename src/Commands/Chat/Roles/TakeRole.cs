using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Roles;

/// <summary>Takes a role from a member. Without it, nothing changes.</summary>
/// <param name="ByMemberId">Who takes it, and has a higher one.</param>
public sealed record TakeRole(Guid CommunityId, Guid MemberId, Guid RoleId, Guid ByMemberId);

public static class TakeRoleHandler
{
    public static Refusal? Validate(
        TakeRole command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(TakeRole.CommunityId), nameof(TakeRole.ByMemberId))] Member? by,
        DateTimeOffset now
    ) => RoleRules.ValidateOther(command.RoleId, by, community, now);

    public static IEnumerable<MemberEvent> Handle(TakeRole command, [WriteAggregate] Member? member)
    {
        if (member?.RoleIds.Contains(command.RoleId) == true)
            yield return new MemberRoleTaken(command.CommunityId, command.MemberId, command.RoleId, command.ByMemberId);
    }
}
