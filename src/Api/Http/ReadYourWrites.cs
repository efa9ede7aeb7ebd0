using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Api.Http;

/// <summary>A read that sends <c>Veza-After: P</c> waits until the read models it uses have reached P.</summary>
public static class ReadYourWrites
{
    /// <summary>Longer than any healthy lag; a caller that waited this long is better told.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);

    /// <summary>Names the projections an endpoint reads from.</summary>
    public static TBuilder ReadsFrom<TBuilder>(this TBuilder endpoint, params string[] projections) where TBuilder : IEndpointConventionBuilder =>
        endpoint.AddEndpointFilter(async (context, next) =>
        {
            var http = context.HttpContext;
            if (http.Request.Headers["Veza-After"] is not [{ } after, ..]) return await next(context);
            if (!long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
                return Problems.Result(Problems.Invalid("vezaAfter", $"Veza-After is \"{after}\"; it must be a position, 0 or more"));
            if (await AheadAsync(http, position) is { } ahead) return Problems.Result(ahead);
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
                var (slowest, reached) = await host.SlowestAsync(projections, http.RequestAborted);
                var head = http.RequestServices.GetRequiredService<EventLog>().Head;
                return Problems.Result(new("not_there_yet", RefusalKind.Unavailable, string.Create(CultureInfo.InvariantCulture,
                    $"{slowest} is at {reached}, {Math.Max(0, head - reached)} behind the log, after waiting {WaitMax.TotalSeconds} s; Veza-After asks for {position}")) { RetryAfter = TimeSpan.FromSeconds(1) });
            }
            finally { HttpMetrics.Waits.Record(System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome)); }
            return await next(context);
        });

    /// <summary>What the log does not have, no read model will ever reach; but the caller may have written on a node that this one has not heard of yet.</summary>
    private static async Task<Refusal?> AheadAsync(HttpContext http, long position)
    {
        var log = http.RequestServices.GetRequiredService<EventLog>();
        if (position > log.Head) await log.CatchUpAsync(http.RequestAborted);
        return position > log.Head ? new("position_ahead", RefusalKind.Invalid, $"Veza-After is {position}; the log's head is {log.Head}") : null;
    }
}
