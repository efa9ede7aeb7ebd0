using Veza.Api.Http;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Dispatching;
using Veza.Projections.Accounts;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Reading;
using Veza.Projections.Chat.Roles;

namespace Veza.Api.Chat.Communities;

public sealed record CreateCommunityBody(string Name);

/// <summary>Communities with their members.</summary>
public static class CommunityEndpoints
{
    private static readonly string[] CommunityRead = [CommunitiesProjection.ProjectionName];

    // A list is for members only. An unknown community and a community that is closed to the caller get different
    // refusals.
    private static readonly string[] MembersRead =
    [
        .. CommunityRead,
        MembersProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
        MemberRolesProjection.ProjectionName,
        RolesProjection.ProjectionName,
    ];

    public static void MapCommunities(this IEndpointRouteBuilder api)
    {
        var communities = api.MapGroup("/communities").WithTags("Communities");
        communities
            .MapPost("", (CreateCommunityBody body, Caller caller, CommandSender commands) =>
            {
                var (id, generalChannelId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
                return commands.Send(
                    new CreateCommunity(id, generalChannelId, caller.AccountId, body.Name),
                    new { id, generalChannelId },
                    StatusCodes.Status201Created
                );
            })
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Create a community")
            .WithDescription("The creator owns it and is its first member. It begins with the channel `general`.");

        communities
            .MapGet("", Joined)
            .ReadsFrom(UnreadQueries.CommunitiesReads)
            .AnswersPosition(ChannelMessagesProjection.ProjectionName)
            .Produces<Page<JoinedCommunityView>>()
            .WithSummary("List your own communities, in the order you joined")
            .WithDescription(
                $"""
                `limit` is 1 to {UnreadQueries.CommunitiesMax}. `unread` counts the messages of others after your read
                markers in all channels; {UnreadQueries.UnreadMax} means that many or more.
                """
            );

        var community = communities.MapGroup("/{communityId:guid}");
        community
            .MapGet("", async (Guid communityId, HttpContext http, CancellationToken ct) =>
                await new ChatQueries(http.Views()).CommunityAsync(communityId, ct) is { } found
                    ? Results.Ok(found)
                    : Problems.Result(Refusals.Unknown("community", communityId))
            )
            .ReadsFrom(CommunityRead)
            .AnswersAsOf(CommunityRead)
            .AnswersPosition(CommunitiesProjection.ProjectionName)
            .Produces<CommunityView>()
            .WithSummary("Read a community");
        community
            .MapPut("/members/me", (Guid communityId, Caller caller, CommandSender commands) =>
                commands.Send(new JoinCommunity(communityId, caller.AccountId), new { id = communityId })
            )
            .WithSummary("Join");
        community
            .MapDelete("/members/me", (Guid communityId, Caller caller, CommandSender commands) =>
                commands.Send(new LeaveCommunity(communityId, caller.AccountId), new { id = communityId })
            )
            .WithSummary("Leave");
        community
            .MapGet("/members", Members)
            .ReadsFrom(MembersRead)
            .AnswersAsOf(MembersRead)
            .AnswersPosition()
            .Produces<Page<MemberView>>()
            .WithSummary("List the members, in the order they joined");
    }

    private static async Task<IResult> Joined(
        long? after,
        int? limit,
        Caller caller,
        MemberPermissions permissions,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal, UnreadQueries.CommunitiesMax) is not { } size)
            return refusal;
        var unread = new UnreadQueries(http.Views());
        var ids = await unread.JoinedAsync(caller.AccountId, after ?? 0, size + 1, ct);
        var hidden = await permissions.HiddenAsync(caller.AccountId, ids, ct);
        var joined = await unread.CommunitiesAsync(caller.AccountId, after ?? 0, size + 1, hidden, ct);
        return Results.Ok(Page.Cut(http, joined, size, c => $"after={c.Position}"));
    }

    private static async Task<IResult> Members(
        Guid communityId,
        long? after,
        int? limit,
        Caller caller,
        ChatQueries chat,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (await ChatAccess.NotMember(communityId, caller, chat, ct) is { } hidden)
            return hidden;
        chat = new(http.Views());
        if (http.PointInTime() is not null && await chat.CommunityAsync(communityId, ct) is null)
            return Problems.Result(Refusals.Unknown("community", communityId));
        return Results.Ok(
            Page.Cut(http, await chat.MembersAsync(communityId, after ?? 0, size + 1, ct), size, m =>
                $"after={m.Position}"
            )
        );
    }
}
