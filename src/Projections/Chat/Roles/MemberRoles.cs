using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Roles;

/// <summary>A role that a member was given.</summary>
/// <param name="Position">
/// When it was given. It counts while the member's joining is before it, as who leaves loses all roles.
/// </param>
public sealed record MemberRoleRow(Guid CommunityId, Guid MemberId, Guid RoleId, long Position);

public sealed class MemberRolesProjection : Projection<MemberRoleRow, (Guid CommunityId, Guid MemberId, Guid RoleId)>
{
    public const string ProjectionName = "chat.member_roles.v1";

    public override string Name => ProjectionName;

    public MemberRolesProjection()
    {
        Identity<MemberRoleGiven>(e => (e.CommunityId, e.MemberId, e.RoleId));
        Identity<MemberRoleTaken>(e => (e.CommunityId, e.MemberId, e.RoleId));
    }

    public static MemberRoleRow Create(MemberRoleGiven e, RecordedEvent at) =>
        new(e.CommunityId, e.MemberId, e.RoleId, at.Position);

    public static MemberRoleRow Apply(MemberRoleGiven _, MemberRoleRow row, RecordedEvent at) =>
        row with
        {
            Position = at.Position,
        };

    public static MemberRoleRow? Apply(MemberRoleTaken _, MemberRoleRow row) => null;
}
