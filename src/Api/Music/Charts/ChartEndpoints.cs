using Veza.Api.Http;
using Veza.Projections.Music.Charts;

namespace Veza.Api.Music.Charts;

/// <param name="Since">The beginning of the first hour that counts; null in charts of all time.</param>
/// <param name="Until">
/// The end of the last hour that counts, exclusive. <c>/tracks/{id}/counts/plays/events</c> lists a track's plays
/// between the two.
/// </param>
public sealed record ChartPageView(
    IReadOnlyList<ChartEntryView> Items,
    string? Next,
    DateTimeOffset? Since,
    DateTimeOffset Until
)
{
    public static ChartPageView Of(IReadOnlyList<ChartEntryView> entries, ChartSpan span, DateTimeOffset moment) =>
        new(
            entries,
            null,
            span == ChartSpan.All ? null : ChartQueries.Since(span, moment),
            HourlyPlaysProjection.HourOf(moment).AddHours(1)
        );
}

public static class ChartEndpoints
{
    public static void MapCharts(this IEndpointRouteBuilder api) =>
        api.MapGet("/charts/{chart}", Read)
            .ReadsFrom(ChartQueries.Reads)
            .AnswersAsOf(ChartQueries.Reads)
            .Produces<ChartPageView>()
            .WithTags("Charts")
            .WithSummary("Read a chart")
            .WithDescription(
                """
                `top` ranks tracks by their counted plays within the span. `trending` ranks by the same plays, each
                weighing 0.5 ^ (age / half-life), with a half-life of 1 hour in the span hour, 6 hours in day, 24
                hours in week and 7 days in all. Spans reach back in whole hours from now, or from the time of
                `asOf`; the default is the week. `genre` is compared without regard to case. Equal tracks are
                ordered by when they reached the score. `/tracks/{id}/counts/plays/events` lists the plays of an
                entry from `since` until `until`.
                """
            );

    private static async Task<IResult> Read(
        string chart,
        string? span,
        string? genre,
        int? limit,
        ChartQueries charts,
        TimeProvider clock,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        if (Named<Chart>(chart) is not { } which)
            return Unknown<Chart>("chart", chart);
        if (Named<ChartSpan>(span ?? nameof(ChartSpan.Week)) is not { } within)
            return Unknown<ChartSpan>("span", span!);
        var past = http.PointInTime();
        if (past is not null)
            charts = new(past.Views);
        var moment = past?.Moment ?? clock.GetUtcNow();
        return Results.Ok(
            ChartPageView.Of(await charts.ListAsync(which, within, genre, moment, size, ct), within, moment)
        );
    }

    // Enum.TryParse would also accept numbers and lists of names.
    private static T? Named<T>(string text)
        where T : struct, Enum =>
        Enum.GetNames<T>().Any(n => n.Equals(text, StringComparison.OrdinalIgnoreCase))
            ? Enum.Parse<T>(text, ignoreCase: true)
            : null;

    private static IResult Unknown<T>(string field, string text)
        where T : struct, Enum =>
        Problems.Result(
            Problems.Invalid(
                field,
                $"{field} is \"{text}\"; {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))} are allowed"
            )
        );
}
