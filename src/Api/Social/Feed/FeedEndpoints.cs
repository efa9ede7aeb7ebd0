using Veza.Api.Http;
using Veza.Projections.Social.Feed;

namespace Veza.Api.Social.Feed;

/// <summary>The caller's feed, now or as of a point in time.</summary>
public static class FeedEndpoints
{
    public static void MapFeed(this IEndpointRouteBuilder api) =>
        api.MapGet("/feed", Feed)
            .ReadsFrom(FeedQueries.Reads)
            .AnswersAsOf(FeedQueries.Reads)
            .AnswersPosition()
            .Produces<Page<FeedEntryView>>()
            .WithTags("Feed")
            .WithSummary("Read your feed, newest first")
            .WithDescription(
                """
                Uploads, reposts and broadcasts of the accounts you follow, including those before you followed
                them. Every entry states its reason. A removed repost disappears.
                """
            );

    private static async Task<IResult> Feed(
        long? before,
        int? limit,
        Caller caller,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        var feed = new FeedQueries(http.Views());
        return Results.Ok(
            Page.Cut(http, await feed.PageAsync(caller.AccountId, before, size + 1, ct), size, e =>
                $"before={e.Position}"
            )
        );
    }
}
