using Veza.Domain.Music.Tracks;
using Veza.Projections.Music.Charts;

namespace Veza.Realtime.Music.Charts;

/// <summary>A chart that can be followed live.</summary>
/// <param name="Genre">In lower case, as charts ignore case; null for all.</param>
public sealed record FollowedChart(Chart Chart, ChartSpan Span, string? Genre)
{
    /// <returns>Null when there is no such chart.</returns>
    public static FollowedChart? Find(string? chart, string? span, string? genre)
    {
        if (Named<Chart>(chart) is not { } kind || Named<ChartSpan>(span ?? nameof(ChartSpan.Week)) is not { } within)
            return null;
        if (genre is { Length: > Track.GenreMax })
            return null;
        return new(kind, within, string.IsNullOrEmpty(genre) ? null : genre.ToLowerInvariant());
    }

    // Enum.TryParse would also accept numbers and lists of names.
    private static T? Named<T>(string? text)
        where T : struct, Enum
    {
        var name = Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        return name is null ? null : Enum.Parse<T>(name);
    }
}
