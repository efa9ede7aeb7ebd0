using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;

namespace Veza.Api.Http;

/// <summary>
/// A read waits until the read models it uses have reached its caller's last write, or the position that it sends as
/// <c>Veza-After</c> in its place; 0 reads without waiting.
/// </summary>
public static class ReadYourWrites
{
    /// <summary>Longer than any healthy lag; a caller that waited this long is better told.</summary>
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
        // A cookie of another log, or of one whose end was lost in a failover: it was not asked for, and refuses no
        // read.
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

    /// <param name="asker">What asks for the position, for the refusal.</param>
    /// <param name="instead">What the caller can do other than wait, for the refusal.</param>
    /// <returns>Null when the projections have reached the position; otherwise that they have not.</returns>
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
                await http.RequestServices.GetRequiredService<EventLog>().Runners.StatusAsync(http.RequestAborted)
            )
                .Where(r => projections.Contains(r.Name))
                .MinBy(r => r.Position);
            return new(
                "not_there_yet",
                RefusalKind.Unavailable,
                $"{(slowest is null ? "a read model has not come so far" : Lagging(slowest, http))}, after waiting {WaitMax.TotalSeconds} s; {asker} asks for {position}{instead}"
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

    private static string Lagging(RunnerStatus slowest, HttpContext http) =>
        $"{slowest.Name} is at {slowest.Position}, {Math.Max(0, http.RequestServices.GetRequiredService<EventLog>().Head - slowest.Position)} behind the log";

    /// <summary>
    /// What the log does not have, no read model will ever reach; but the caller may have written on a node that this
    /// one has not heard of yet.
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
