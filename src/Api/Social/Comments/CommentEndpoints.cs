using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Commands.Social.Comments;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Comments;

namespace Veza.Api.Social.Comments;

public sealed record CommentOnTrackBody(string Text, long AtMs);

/// <summary>Comments on moments of tracks.</summary>
public static class CommentEndpoints
{
    private static readonly string[] Reads = [.. CommentQueries.Reads, TracksProjection.ProjectionName];

    public static void MapComments(this IEndpointRouteBuilder api)
    {
        var comments = api.MapGroup("/tracks/{trackId:guid}/comments").WithTags("Comments");
        comments
            .MapPost("", (Guid trackId, CommentOnTrackBody body, Caller caller, CommandSender commands) =>
            {
                var id = Guid.CreateVersion7();
                return commands.Send(
                    new CommentOnTrack(id, trackId, caller.AccountId, body.Text, body.AtMs),
                    new { id },
                    StatusCodes.Status201Created
                );
            })
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Comment on a moment of a track")
            .WithDescription(
                """
                `text` has at most 2,000 bytes of UTF-8; `atMs` is between 0 and the track's duration, else 400
                `outside_track`.
                """
            );
        comments
            .MapGet("", Comments)
            .ReadsFrom(Reads)
            .AnswersAsOf(Reads)
            .AnswersPosition()
            .Produces<Page<CommentView>>()
            .WithSummary("List a track's comments")
            .WithDescription("In the order in which they were made.");
    }

    private static async Task<IResult> Comments(
        Guid trackId,
        long? after,
        int? limit,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (!await new TrackQueries(http.Views()).ExistsAsync(trackId, ct))
            return Problems.Result(Refusals.Unknown("track", trackId));
        var comments = new CommentQueries(http.Views());
        return Results.Ok(
            Page.Cut(http, await comments.OnTrackAsync(trackId, after ?? 0, size + 1, ct), size, c =>
                $"after={c.Position}"
            )
        );
    }
}
