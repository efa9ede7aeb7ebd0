using Veza.Api.Http;
using Veza.Projections.Music.Charts;

namespace Veza.Api.Music.Charts;

public static class ChartEndpoints
{
    public static void MapCharts(this IEndpointRouteBuilder api) =>
        api.MapGet("/charts/{chart}", Read).ReadsFrom(ChartQueries.Reads).AnswersAsOf(ChartQueries.Reads).Produces<Page<ChartEntry>>().WithTags("Charts")
            .WithSummary("Read a chart").WithDescription("""
                `top` ranks tracks by the plays counted within the span; `trending` by the same plays, each weighing 0.5 ^ (age / half-life), with a half-life of
                1 hour in the span hour, 6 hours in day, 24 hours in week and 7 days in all. Spans reach back from now, or from the time of `asOf`, in whole hours; without one it is the week. `genre` is compared without
                regard to case. Tracks that are level stand in the order in which they got there.
                """);

    private static async Task<IResult> Read(string chart, string? span, string? genre, int? limit, ChartQueries charts, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        if (Page.Limit(limit, out var refusal) is not { } size) return refusal;
        if (Named<Chart>(chart) is not { } which) return Unknown<Chart>("chart", chart);
        if (Named<ChartSpan>(span ?? nameof(ChartSpan.Week)) is not { } within) return Unknown<ChartSpan>("span", span!);
        var past = http.Past();
        if (past is not null) charts = new(past.Views);
        return Results.Ok(new Page<ChartEntry>(await charts.ListAsync(which, within, genre, past?.Moment ?? clock.GetUtcNow(), size, ct), null));
    }

    // Enum.TryParse would take numbers and lists of names too.
    private static T? Named<T>(string text) where T : struct, Enum =>
        Enum.GetNames<T>().Any(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) ? Enum.Parse<T>(text, ignoreCase: true) : null;

    private static IResult Unknown<T>(string field, string text) where T : struct, Enum =>
        Problems.Result(Problems.Invalid(field, $"{field} is \"{text}\"; {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))} are allowed"));
}
