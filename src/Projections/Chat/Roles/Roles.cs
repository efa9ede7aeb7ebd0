using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Roles;

/// <summary>A role of a community, also the one that everyone has.</summary>
/// <param name="Permissions">The bits of <see cref="Permission"/>.</param>
/// <param name="Position">The position of its creation.</param>
public sealed record RoleRow(
    Guid CommunityId,
    Guid RoleId,
    string Name,
    int Colour,
    double Rank,
    long Permissions,
    bool Hoisted,
    bool Mentionable,
    long Position
);

public sealed class RolesProjection : Projection<RoleRow, (Guid CommunityId, Guid RoleId)>
{
    public const string ProjectionName = "chat.roles.v1";

    public override string Name => ProjectionName;

    public RolesProjection()
    {
        Identity<CommunityCreated>(e => (e.CommunityId, e.CommunityId));
        Identity<RoleCreated>(e => (e.CommunityId, e.RoleId));
        Identity<RoleChanged>(e => (e.CommunityId, e.RoleId));
        Identity<RoleMoved>(e => (e.CommunityId, e.RoleId));
        Identity<RoleDeleted>(e => (e.CommunityId, e.RoleId));
    }

    public static RoleRow Create(CommunityCreated e, RecordedEvent at)
    {
        var role = Role.Everyone(e.CommunityId);
        return new(
            e.CommunityId,
            role.Id,
            role.Name,
            role.Colour,
            role.Rank,
            (long)role.Permissions,
            role.Hoisted,
            role.Mentionable,
            at.Position
        );
    }

    public static RoleRow Create(RoleCreated e, RecordedEvent at) =>
        new(
            e.CommunityId,
            e.RoleId,
            e.Name,
            e.Colour,
            e.Rank,
            (long)e.Permissions,
            e.Hoisted,
            e.Mentionable,
            at.Position
        );

    public static RoleRow Apply(RoleChanged e, RoleRow row) =>
        row with
        {
            Name = e.Name,
            Colour = e.Colour,
            Permissions = (long)e.Permissions,
            Hoisted = e.Hoisted,
            Mentionable = e.Mentionable,
        };

    public static RoleRow Apply(RoleMoved e, RoleRow row) => row with { Rank = e.Rank };

    public static RoleRow? Apply(RoleDeleted _, RoleRow row) => null;
}
