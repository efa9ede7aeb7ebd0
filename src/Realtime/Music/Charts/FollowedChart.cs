using Veza.Domain.Music.Tracks;
using Veza.Projections.Music.Charts;

namespace Veza.Realtime.Music.Charts;

/// <summary>A chart that can be followed live.</summary>
/// <param name="Genre">In lower case, as charts ignore case; null for all.</param>
public sealed record FollowedChart(Chart Chart, ChartSpan Span, string? Genre)
{
    /// <returns>Null when there is no such chart.</returns>
    public static FollowedChart? Find(string? chart, string? span, string? genre) =>
        Named<Chart>(chart) is { } which
        && Named<ChartSpan>(span ?? nameof(ChartSpan.Week)) is { } within
        && genre is null or { Length: <= Track.GenreMax }
            ? new(which, within, string.IsNullOrEmpty(genre) ? null : genre.ToLowerInvariant())
            : null;

    // Enum.TryParse would also accept numbers and lists of names.
    private static T? Named<T>(string? text)
        where T : struct, Enum =>
        Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name
            ? Enum.Parse<T>(name)
            : null;
}
