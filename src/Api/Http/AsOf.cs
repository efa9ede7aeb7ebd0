using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.Projections.AsOf;
using Veza.Projections.Topics;

namespace Veza.Api.Http;

/// <summary>
/// Point-in-time queries. A read with <c>?asOf=</c> is answered as it would have been at that position or time; the
/// headers <c>Veza-Position</c> and <c>Veza-Moment</c> hold both. Permissions are those of now.
/// </summary>
public static class AsOf
{
    public const string Parameter = "asOf";

    private static readonly string[] Times = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];

    /// <summary>Marks an endpoint that answers as of a position.</summary>
    internal sealed record Askable;

    /// <param name="projections">The projections that the endpoint reads from.</param>
    public static RouteHandlerBuilder AnswersAsOf(this RouteHandlerBuilder endpoint, params string[] projections)
    {
        string[] reads = [.. projections, TopicIndexProjection.ProjectionName];
        return endpoint
            .WithMetadata(new Askable())
            .AddEndpointFilter(
                async (context, next) =>
                {
                    var http = context.HttpContext;
                    if (http.Request.Query[Parameter] is not [{ } asked, ..])
                        return await next(context);
                    var (past, refusal) = await FindAsync(http, asked);
                    refusal ??= await ReadYourWrites.BehindAsync(http, reads, past!.Position, Parameter);
                    if (refusal is not null)
                        return Problems.Result(refusal);
                    http.Response.Headers["Veza-Position"] = past!.Position.ToString(CultureInfo.InvariantCulture);
                    http.Response.Headers["Veza-Moment"] = past.Moment.ToString("O", CultureInfo.InvariantCulture);
                    http.Features.Set(past);
                    try
                    {
                        return await next(context);
                    }
                    catch (PointInTimeTooLongException tooLong)
                    {
                        return Problems.Result(new("past_too_long", RefusalKind.Unprocessable, tooLong.Message));
                    }
                }
            );
    }

    /// <summary>Whether the request asks for the past, at an endpoint that supports it.</summary>
    public static bool IsAsked(HttpContext http) =>
        http.Request.QueryString.HasValue
        && http.GetEndpoint()?.Metadata.GetMetadata<Askable>() is not null
        && http.Request.Query.ContainsKey(Parameter);

    /// <returns>The point in time that the request asks for; null for the present.</returns>
    public static PointInTime? PointInTime(this HttpContext http) => http.Features.Get<PointInTime>();

    private static async Task<(PointInTime?, Refusal?)> FindAsync(HttpContext http, string asked)
    {
        var log = http.RequestServices.GetRequiredService<EventLog>();
        var ct = http.RequestAborted;
        await log.CatchUpAsync(ct);
        var head = log.Head;
        if (long.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var position) && position > 0)
            return position > head
                ? (null, Ahead($"asOf is {position}; the log's head is {head}"))
                : (new(log, position, (await log.Reader.ReadAsync(new(position - 1, position), 1, ct))[0].At), null);
        if (
            !DateTimeOffset.TryParseExact(
                asked,
                Times,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var time
            )
        )
            return (
                null,
                Problems.Invalid(
                    Parameter,
                    $"asOf is \"{asked}\"; it must be a position, 1 or more, or a time such as 2026-01-31T12:00:00Z"
                )
            );
        var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if (time > now)
            return (null, Ahead($"asOf is {time:O}; it is {now:O} now"));
        // The database stores microseconds: an event before the next microsecond belongs to this one.
        var found = await log.Reader.PositionBeforeAsync(time.AddMicroseconds(1), ct);
        return found == 0
            ? (null, new("position_invalid", RefusalKind.Invalid, $"asOf is {time:O}; the log's first event is later"))
            : (new(log, found, time), null);
    }

    private static Refusal Ahead(string detail) => new("position_ahead", RefusalKind.Invalid, detail);
}
