using Veza.Api.Http;
using Veza.Commands.Chat;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Projections;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Realtime.Presence;

namespace Veza.Api.Chat.Members;

/// <param name="LastSeen">
/// The minute in which an offline member was last online, as far as this node can see; null while invisible.
/// </param>
public sealed record MemberPresenceView(
    AccountName Account,
    PresenceStatus Status,
    DateTimeOffset? LastSeen,
    long Position
);

/// <param name="Devices">The devices that have reported a state.</param>
public sealed record OwnPresenceView(PresenceStatus Status, int Devices);

/// <summary>Presence of the caller and of community members, as this node sees it.</summary>
public static class PresenceEndpoints
{
    public static void MapPresence(this IEndpointRouteBuilder api)
    {
        api.MapGet("/accounts/me/presence", (Caller caller, PresenceService presence) =>
                Results.Ok(
                    new OwnPresenceView(
                        presence.Board.Of(caller.AccountId).Status,
                        presence.Board.Of(caller.AccountId).Devices
                    )
                )
            )
            .WithTags("Presence")
            .Produces<OwnPresenceView>()
            .WithSummary("Read your own presence")
            .WithDescription(
                "Over all devices: `invisible` if any device is set to it, which others see as `offline`."
            );
        api.MapGet("/communities/{communityId:guid}/presence", Members)
            .WithTags("Presence")
            .ReadsFrom(CommunitiesProjection.ProjectionName, MembersProjection.ProjectionName)
            .Produces<Page<MemberPresenceView>>()
            .WithSummary("List the members' presence, in the order they joined")
            .WithDescription("For its members. As seen by the answering node; the hub's `Watch` reports changes.");
    }

    private static async Task<IResult> Members(
        Guid communityId,
        long? after,
        int? limit,
        Caller caller,
        ChatQueries chat,
        PresenceService presence,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } hidden)
            return hidden;
        var members = (await chat.MembersAsync(communityId, after ?? 0, size + 1, ct)).ConvertAll(
            m => new MemberPresenceView(
                m.Account,
                presence.Board.Of(m.Account.Id).Status.Shown(),
                presence.Board.LastSeen(m.Account.Id),
                m.Position
            )
        );
        return Results.Ok(Page.Cut(http, members, size, m => $"after={m.Position}"));
    }
}
