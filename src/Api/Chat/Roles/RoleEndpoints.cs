using Veza.Api.Chat.Communities;
using Veza.Api.Http;
using Veza.Commands.Chat.Roles;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Roles;

/// <param name="Colour">0xRRGGBB; 0 is none.</param>
/// <param name="Permissions">The sum of the bits, as a decimal number in a string. The bits are Discord's.</param>
/// <param name="Hoisted">Whether the members who have it are listed apart.</param>
/// <param name="Mentionable">Whether each member may mention it.</param>
public sealed record RoleBody(
    string Name,
    int Colour = 0,
    Permission Permissions = Permission.None,
    bool Hoisted = false,
    bool Mentionable = false
);

/// <param name="AboveRoleId">The role below it afterwards; the community's id means the lowest place.</param>
public sealed record RolePlaceBody(Guid AboveRoleId);

/// <summary>The roles of a community, and who has them.</summary>
public static class RoleEndpoints
{
    private static readonly string[] Reads =
    [
        CommunitiesProjection.ProjectionName,
        MembersProjection.ProjectionName,
        RolesProjection.ProjectionName,
    ];

    public static void MapRoles(this IEndpointRouteBuilder api)
    {
        var roles = api.MapGroup("/communities/{communityId:guid}/roles").WithTags("Communities");
        roles
            .MapGet("", Roles)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition()
            .Produces<Page<RoleView>>()
            .WithSummary("List the roles, the highest first")
            .WithDescription(
                $"""
                The last one is the role that everyone has; its id is the community's. There are at most
                {Community.RolesMax}, on one page.
                """
            );
        roles
            .MapPost("", (Guid communityId, RoleBody body, Caller caller, CommandSender commands) =>
            {
                var id = Guid.CreateVersion7();
                return commands.Send(
                    new CreateRole(
                        communityId,
                        id,
                        caller.AccountId,
                        body.Name,
                        body.Colour,
                        body.Permissions,
                        body.Hoisted,
                        body.Mentionable
                    ),
                    new { id },
                    StatusCodes.Status201Created
                );
            })
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Create a role")
            .WithDescription(
                "Needs the permission ManageRoles, and each permission that it grants. It begins below the other roles."
            );

        var role = roles.MapGroup("/{roleId:guid}");
        role.MapPut("", (Guid communityId, Guid roleId, RoleBody body, Caller caller, CommandSender commands) =>
                commands.Send(
                    new ChangeRole(
                        communityId,
                        roleId,
                        caller.AccountId,
                        body.Name,
                        body.Colour,
                        body.Permissions,
                        body.Hoisted,
                        body.Mentionable
                    ),
                    new { id = roleId }
                )
            )
            .WithSummary("Change a role")
            .WithDescription(
                """
                Replaces all of it. Needs the permission ManageRoles, a higher role, and each permission that changes.
                """
            );
        role.MapPut(
                "/place",
                (Guid communityId, Guid roleId, RolePlaceBody body, Caller caller, CommandSender commands) =>
                    commands.Send(
                        new MoveRole(communityId, roleId, caller.AccountId, body.AboveRoleId),
                        new { id = roleId }
                    )
            )
            .WithSummary("Move a role to just above another")
            .WithDescription("Needs the permission ManageRoles, and a role that is higher than both.");
        role.MapDelete("", (Guid communityId, Guid roleId, Caller caller, CommandSender commands) =>
                commands.Send(new DeleteRole(communityId, roleId, caller.AccountId), new { id = roleId })
            )
            .WithSummary("Delete a role")
            .WithDescription("Needs the permission ManageRoles and a higher role. All members lose it.");

        var given = api.MapGroup("/communities/{communityId:guid}/members/{memberId:guid}/roles/{roleId:guid}")
            .WithTags("Communities");
        given
            .MapPut("", (Guid communityId, Guid memberId, Guid roleId, Caller caller, CommandSender commands) =>
                commands.Send(new GiveRole(communityId, memberId, roleId, caller.AccountId), new { id = memberId })
            )
            .WithSummary("Give a member a role")
            .WithDescription("Needs the permission ManageRoles and a higher role.");
        given
            .MapDelete("", (Guid communityId, Guid memberId, Guid roleId, Caller caller, CommandSender commands) =>
                commands.Send(new TakeRole(communityId, memberId, roleId, caller.AccountId), new { id = memberId })
            )
            .WithSummary("Take a role from a member")
            .WithDescription("Needs the permission ManageRoles and a higher role.");
    }

    private static async Task<IResult> Roles(
        Guid communityId,
        Caller caller,
        ChatQueries chat,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } hidden)
            return hidden;
        var roles = await new RoleQueries(http.Views()).RolesAsync(communityId, ct);
        return roles.Count == 0
            ? Problems.Result(Refusals.Unknown("community", communityId))
            : Results.Ok(new Page<RoleView>(roles, null));
    }
}
