using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Commands.Social.Likes;
using Veza.Projections.Social.Follows;
using Veza.Projections.Social.Likes;

namespace Veza.Api.Social.Likes;

/// <summary>Likes and reposts of tracks.</summary>
public static class LikeEndpoints
{
    public static void MapLikes(this IEndpointRouteBuilder api)
    {
        var track = api.MapGroup("/tracks/{trackId:guid}").WithTags("Likes and reposts");
        track
            .MapPut("/likes/me", (Guid trackId, Caller caller, CommandSender commands) =>
                commands.Send(new LikeTrack(trackId, caller.AccountId), new { id = trackId })
            )
            .WithSummary("Like a track");
        track
            .MapDelete("/likes/me", (Guid trackId, Caller caller, CommandSender commands) =>
                commands.Send(new UnlikeTrack(trackId, caller.AccountId), new { id = trackId })
            )
            .WithSummary("Remove a like");
        track
            .MapPut("/reposts/me", (Guid trackId, Caller caller, CommandSender commands) =>
                commands.Send(new RepostTrack(trackId, caller.AccountId), new { id = trackId })
            )
            .WithSummary("Repost a track to your followers");
        track
            .MapDelete("/reposts/me", (Guid trackId, Caller caller, CommandSender commands) =>
                commands.Send(new RemoveRepost(trackId, caller.AccountId), new { id = trackId })
            )
            .WithSummary("Remove a repost");
        api.MapGet("/accounts/{accountId:guid}/likes", OfAccount)
            .WithTags("Likes and reposts")
            .ReadsFrom(LikeQueries.Reads)
            .Produces<Page<LikedTrackView>>()
            .WithSummary("List the tracks that an account likes, the latest like first");
    }

    private static async Task<IResult> OfAccount(
        Guid accountId,
        long? before,
        int? limit,
        LikeQueries likes,
        FollowQueries accounts,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (!await accounts.IsAccountAsync(accountId, ct))
            return Problems.Result(Refusals.Unknown("account", accountId));
        var found = await likes.OfAccountAsync(accountId, before, size + 1, ct);
        return Results.Ok(Page.Cut(http, found, size, l => $"before={l.Position}"));
    }
}
