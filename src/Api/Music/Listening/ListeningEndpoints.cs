using Veza.Api.Http;
using Veza.Commands.Music.Listening;
using Veza.Projections.Music.Listening;

namespace Veza.Api.Music.Listening;

/// <param name="HeardMs">Heard so far in this play, without pauses and skipped parts.</param>
/// <param name="PositionMs">The listener's position in the track.</param>
/// <param name="Ended">Whether this is the play's last report.</param>
public sealed record ReportPlayBody(long HeardMs, long PositionMs, bool Ended = false);

public static class ListeningEndpoints
{
    public static void MapPlays(this IEndpointRouteBuilder api)
    {
        api.MapPost("/tracks/{trackId:guid}/plays", (Guid trackId, Caller caller, CommandSender commands) =>
            {
                var id = Guid.CreateVersion7();
                return commands.Send(
                    new StartPlay(id, trackId, caller.AccountId, caller.SessionId),
                    new { id },
                    StatusCodes.Status201Created
                );
            })
            .Produces(StatusCodes.Status201Created)
            .WithTags("Listening")
            .WithSummary("Start a play of a track")
            .WithDescription("The play's clock runs from here. Report its progress with PUT /plays/{playId}.");

        api.MapPut("/plays/{playId:guid}", (Guid playId, ReportPlayBody body, Caller caller, CommandSender commands) =>
                commands.Send(
                    new ReportPlay(playId, caller.AccountId, body.HeardMs, body.PositionMs, body.Ended),
                    new { id = playId }
                )
            )
            .WithTags("Listening")
            .WithSummary("Report the progress of a play")
            .WithDescription(
                """
                `heardMs` grows within the play and cannot outrun the clock by more than 2 s (409 `heard_too_fast`).
                A play counts after 30 s or half the track, whichever is less, and once per listener, track and
                sign-in session. `counted` says whether this play counted.
                """
            );

        api.MapGet("/history", History)
            .ReadsFrom(HistoryQueries.Reads)
            .AnswersAsOf(HistoryQueries.Reads)
            .Produces<Page<HistoryEntryView>>()
            .WithTags("Listening")
            .WithSummary("Read your listening history, newest first");
    }

    private static async Task<IResult> History(
        long? before,
        int? limit,
        Caller caller,
        HistoryQueries history,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (http.PointInTime() is { } past)
            history = new(past.Views);
        return Results.Ok(
            Page.Cut(http, await history.PageAsync(caller.AccountId, before, size + 1, ct), size, e =>
                $"before={e.Position}"
            )
        );
    }
}
