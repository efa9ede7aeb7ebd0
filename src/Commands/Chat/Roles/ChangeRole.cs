using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Roles;

/// <summary>Replaces all of a role but its rank. The same again changes nothing.</summary>
/// <param name="RoleId">The community's id means the role that everyone has.</param>
/// <param name="Colour">0xRRGGBB; 0 is none.</param>
public sealed record ChangeRole(
    Guid CommunityId,
    Guid RoleId,
    Guid MemberId,
    string Name,
    int Colour,
    Permission Permissions,
    bool Hoisted,
    bool Mentionable
);

public sealed class ChangeRoleValidator : AbstractValidator<ChangeRole>
{
    public ChangeRoleValidator()
    {
        RuleFor(c => c.Name).MustBeRoleName();
        RuleFor(c => c.Colour).MustBeColour();
        RuleFor(c => c.Permissions).MustBePermissions();
    }
}

public static class ChangeRoleHandler
{
    public static Refusal? Validate(
        ChangeRole command,
        Community community,
        [ReadAggregate] Member? member,
        DateTimeOffset now
    ) =>
        RoleRules.Validate(command.RoleId, member, community, now)
        ?? RoleRules.MayChange(
            community.Roles[command.RoleId].Permissions,
            command.Permissions,
            member,
            community,
            now
        );

    public static IEnumerable<CommunityEvent> Handle(ChangeRole command, [WriteAggregate] Community community)
    {
        var next = new RoleChanged(
            community.Id,
            command.RoleId,
            command.MemberId,
            command.Name,
            command.Colour,
            command.Permissions,
            command.Hoisted,
            command.Mentionable
        );
        var role = community.Roles[command.RoleId];
        if (Community.Changed(role, next) != role)
            yield return next;
    }
}
