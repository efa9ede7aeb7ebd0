using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Roles;

/// <summary>The rules that commands about roles share. They are Discord's.</summary>
internal static class RoleRules
{
    /// <summary>Members manage the roles below their own highest one, with the permission to manage roles.</summary>
    /// <returns>Null when the member may manage this one, or roles at all when it is null.</returns>
    public static Refusal? Validate(Guid? roleId, Member? member, Community community, DateTimeOffset now)
    {
        if (ChatRefusals.Unless(Permission.ManageRoles, member, community, now) is { } refusal)
            return refusal;
        if (roleId is not { } id)
            return null;
        if (community.Role(id) is not { } role)
            return Refusals.Unknown("role", id);
        return role.Rank < Permissions.RankOf(member!, community) ? null : ChatRefusals.RoleAbove;
    }

    /// <summary>As <see cref="Validate"/>, for what cannot be done to the role that everyone has.</summary>
    public static Refusal? ValidateOther(Guid roleId, Member? member, Community community, DateTimeOffset now) =>
        Validate(roleId, member, community, now) ?? (roleId == community.Id ? ChatRefusals.EveryoneRole : null);

    /// <summary>Members hand on, and take away, only permissions that they have.</summary>
    public static Refusal? MayChange(
        Permission former,
        Permission next,
        Member? member,
        Community community,
        DateTimeOffset now
    )
    {
        var missing = (former ^ next) & ~Permissions.Of(member, community, now);
        return missing == Permission.None ? null : ChatRefusals.NotAllowed(missing);
    }

    public static void MustBeRoleName<T>(this IRuleBuilder<T, string> rule) => rule.MustBeLine(Role.NameMax);

    public static void MustBeColour<T>(this IRuleBuilder<T, int> rule) =>
        rule.InclusiveBetween(0, Role.ColourMax)
            .WithMessage($"{{PropertyName}} is {{PropertyValue}}; 0 to {Role.ColourMax} are allowed");

    public static void MustBePermissions<T>(this IRuleBuilder<T, Permission> rule) =>
        rule.Must(permissions => (permissions & ~Permission.All) == Permission.None)
            .WithMessage(
                (_, permissions) =>
                    $"{{PropertyName}} has the bits {(long)(permissions & ~Permission.All)}, which are not in use; "
                    + $"all that are make {(long)Permission.All}"
            );
}
