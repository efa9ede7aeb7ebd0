using Veza.Api.Chat.Communities;
using Veza.Api.Http;
using Veza.Commands.Chat;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Roles;

/// <summary>What a member may do, and why.</summary>
public static class PermissionEndpoints
{
    private static readonly string[] Reads = [CommunitiesProjection.ProjectionName, MembersProjection.ProjectionName];

    public static void MapPermissions(this IEndpointRouteBuilder api) =>
        api.MapGet("/communities/{communityId:guid}/members/{memberId:guid}/permissions", Permissions)
            .WithTags("Communities")
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .Produces<PermissionsView>()
            .WithSummary("Read what a member may do, and why")
            .WithDescription(
                """
                In the community, or in the channel `channel`. `steps` are the rules that granted or denied something,
                in their order, with the positions of the events that set them. Members may ask about themselves; others
                need the permission ManageRoles. An account that is no member has no permissions.
                """
            );

    private static async Task<IResult> Permissions(
        Guid communityId,
        Guid memberId,
        Guid? channel,
        Caller caller,
        ChatQueries chat,
        MemberPermissions permissions,
        PermissionHistory history,
        EventLog log,
        TimeProvider clock,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } hidden)
            return hidden;
        if (memberId != caller.AccountId)
        {
            var has = await permissions.OfAsync(caller.AccountId, communityId, channel: null, clock.GetUtcNow(), ct);
            if (!has.HasFlag(Permission.ManageRoles))
                return Problems.Result(ChatRefusals.NotAllowed(Permission.ManageRoles));
        }
        var past = http.PointInTime();
        var found = await history.OfAsync(
            communityId,
            memberId,
            channel,
            past?.Position ?? log.Head,
            past?.Moment ?? clock.GetUtcNow(),
            ct
        );
        if (found is not null)
            return Results.Ok(found);
        return Problems.Result(
            channel is { } id ? Refusals.Unknown("channel", id) : Refusals.Unknown("community", communityId)
        );
    }
}
