using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;

namespace Veza.Api.Http;

/// <summary>
/// Makes a read wait until its read models have reached the caller's last write, or the position in the header
/// <c>Veza-After</c>; 0 reads without waiting.
/// </summary>
public static class ReadYourWrites
{
    /// <summary>Longer than any healthy lag; after this a refusal helps the caller more than waiting.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);

    /// <summary>Names the projections an endpoint reads from.</summary>
    public static TBuilder ReadsFrom<TBuilder>(this TBuilder endpoint, params string[] projections)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.AddEndpointFilter(
            async (context, next) =>
            {
                var http = context.HttpContext;
                if (http.Request.Headers["Veza-After"] is not [{ } after, ..])
                    return await BehindOwnAsync(http, projections) is { } late
                        ? Problems.Result(late)
                        : await next(context);
                if (!long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
                    return Problems.Result(
                        Problems.Invalid("vezaAfter", $"Veza-After is \"{after}\"; it must be a position, 0 or more")
                    );
                if (await AheadAsync(http, position) is { } ahead)
                    return Problems.Result(ahead);
                return await BehindAsync(http, projections, position, "Veza-After") is { } behind
                    ? Problems.Result(behind)
                    : await next(context);
            }
        );

    private static ValueTask<Refusal?> BehindOwnAsync(HttpContext http, string[] projections)
    {
        var services = http.RequestServices;
        var position = services.GetRequiredService<OwnWrites>().Of(http);
        return position == 0 || services.GetRequiredService<ProjectionHost>().HasReached(projections, position)
            ? ValueTask.FromResult<Refusal?>(null)
            : new(WaitForOwnAsync(http, projections, position));
    }

    private static async Task<Refusal?> WaitForOwnAsync(HttpContext http, string[] projections, long position)
    {
        var log = http.RequestServices.GetRequiredService<EventLog>();
        if (position > log.Head)
            await log.CatchUpAsync(http.RequestAborted);
        // A cookie of another log, or of one whose end was lost in a failover. The client did not ask to wait, so the
        // read goes on.
        if (position > log.Head)
            return null;
        return await BehindAsync(
            http,
            projections,
            position,
            "your last write",
            " (Veza-After: 0 reads without waiting)"
        );
    }

    /// <param name="asker">The source of the position, for the text of the refusal.</param>
    /// <param name="instead">The alternative to waiting, for the text of the refusal.</param>
    /// <returns>Null when the projections have reached the position; otherwise the refusal.</returns>
    internal static async Task<Refusal?> BehindAsync(
        HttpContext http,
        IReadOnlyList<string> projections,
        long position,
        string asker,
        string instead = ""
    )
    {
        var host = http.RequestServices.GetRequiredService<ProjectionHost>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(WaitMax);
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var outcome = "not_there_yet";
        try
        {
            await host.WaitAsync(projections, position, limit.Token);
            outcome = "reached";
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            var slowest = (
                await http.RequestServices.GetRequiredService<EventLog>().Processors.StatusAsync(http.RequestAborted)
            )
                .Where(r => projections.Contains(r.Name))
                .MinBy(r => r.Position);
            var lagging = slowest is null ? "a read model has not come so far" : Lagging(slowest, http);
            return new(
                "not_there_yet",
                RefusalKind.Unavailable,
                $"{lagging}, after waiting {WaitMax.TotalSeconds} s; {asker} asks for {position}{instead}"
            )
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }
        finally
        {
            HttpMetrics.Waits.Record(
                System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds,
                new KeyValuePair<string, object?>("outcome", outcome)
            );
        }
        return null;
    }

    private static string Lagging(RunnerStatus slowest, HttpContext http)
    {
        var head = http.RequestServices.GetRequiredService<EventLog>().Head;
        return $"{slowest.Name} is at {slowest.Position}, {Math.Max(0, head - slowest.Position)} behind the log";
    }

    /// <summary>
    /// Refuses a position that the log does not have, since no read model would ever reach it. The caller may have
    /// written on a node that is ahead of this one, so the log is read first.
    /// </summary>
    private static async Task<Refusal?> AheadAsync(HttpContext http, long position)
    {
        var log = http.RequestServices.GetRequiredService<EventLog>();
        if (position > log.Head)
            await log.CatchUpAsync(http.RequestAborted);
        return position > log.Head
            ? new("position_ahead", RefusalKind.Invalid, $"Veza-After is {position}; the log's head is {log.Head}")
            : null;
    }
}
