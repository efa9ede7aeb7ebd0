using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Roles;

/// <summary>Deletes a role; all members lose it.</summary>
public sealed record DeleteRole(Guid CommunityId, Guid RoleId, Guid MemberId);

public static class DeleteRoleHandler
{
    public static Refusal? Validate(
        DeleteRole command,
        Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) => RoleRules.ValidateOther(command.RoleId, member, community, now);

    public static IEnumerable<CommunityEvent> Handle(DeleteRole command, [WriteAggregate] Community community)
    {
        yield return new RoleDeleted(community.Id, command.RoleId, command.MemberId);
    }
}
