using Veza.Api.Http;
using Veza.Commands.Social.Likes;

namespace Veza.Api.Social.Likes;

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
    }
}
