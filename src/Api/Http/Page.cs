using System.Globalization;
using Veza.Projections;

namespace Veza.Api.Http;

/// <param name="Next">Where to GET the following page; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

public static class Page
{
    public const int LimitDefault = 50;

    /// <summary>
    /// Cuts a page from <paramref name="items"/>, which holds up to one more than <paramref name="limit"/> to show
    /// whether there is more.
    /// </summary>
    /// <param name="cursor">The query that continues after an item: <c>after=48211</c>.</param>
    public static Page<T> Cut<T>(HttpContext http, List<T> items, int limit, Func<T, string> cursor)
    {
        if (items.Count <= limit)
            return new(items, null);
        items.RemoveRange(limit, items.Count - limit);
        return new(items, Next(http, cursor(items[^1]), limit));
    }

    /// <summary>The same request at another place.</summary>
    internal static string Next(HttpContext http, string cursor, int limit)
    {
        var kept = http
            .Request.Query.Where(q => q.Key is not ("after" or "before" or "around" or "limit"))
            // A time is replaced by its position, so that all pages show the same state.
            .SelectMany(
                q => q.Value,
                (q, value) =>
                    q.Key == AsOf.Parameter && http.PointInTime() is { } past
                        ? $"{q.Key}={past.Position}"
                        : $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(value ?? "")}"
            );
        return $"{http.Request.Path}?{string.Join('&', [.. kept, cursor, $"limit={limit.ToString(CultureInfo.InvariantCulture)}"])}";
    }

    /// <returns>Null, with the refusal, when the limit asked for is out of range.</returns>
    public static int? Limit(int? asked, out IResult refusal, int max = ReadModels.PageMax)
    {
        var limit = asked ?? Math.Min(LimitDefault, max);
        refusal =
            limit < 1 || limit > max
                ? Problems.Result(Problems.Invalid("limit", $"limit is {limit}; 1 to {max} are allowed"))
                : null!;
        return refusal is null ? limit : null;
    }
}
