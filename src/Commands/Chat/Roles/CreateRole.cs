using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Roles;

/// <summary>Creates a role below all others but the one that everyone has.</summary>
/// <param name="Colour">0xRRGGBB; 0 is none.</param>
/// <param name="Hoisted">Whether the members who have it are listed apart.</param>
/// <param name="Mentionable">Whether each member may mention it.</param>
public sealed record CreateRole(
    Guid CommunityId,
    Guid RoleId,
    Guid MemberId,
    string Name,
    int Colour,
    Permission Permissions,
    bool Hoisted,
    bool Mentionable
);

public sealed class CreateRoleValidator : AbstractValidator<CreateRole>
{
    public CreateRoleValidator()
    {
        RuleFor(c => c.Name).MustBeRoleName();
        RuleFor(c => c.Colour).MustBeColour();
        RuleFor(c => c.Permissions).MustBePermissions();
    }
}

public static class CreateRoleHandler
{
    public static Refusal? Validate(
        CreateRole command,
        Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) =>
        RoleRules.Validate(null, member, community, now)
        ?? RoleRules.MayChange(Permission.None, command.Permissions, member, community, now)
        ?? (community.Roles.Count >= Community.RolesMax ? ChatRefusals.TooManyRoles : null);

    public static IEnumerable<CommunityEvent> Handle(CreateRole command, [WriteAggregate] Community community)
    {
        if (community.Role(command.RoleId) is null)
            yield return new RoleCreated(
                community.Id,
                command.RoleId,
                command.MemberId,
                command.Name,
                command.Colour,
                Ranks.AboveLowest(community.RoleRanks()),
                command.Permissions,
                command.Hoisted,
                command.Mentionable
            );
    }
}
