using System.Globalization;
using Veza.EventStore;
using Veza.Projections;

namespace Veza.Api.Http;

/// <summary>
/// Answers of the present that say which position of the log they rest on, so that a client can fold what follows into
/// them. A point-in-time answer says its own position (<see cref="AsOf"/>).
/// </summary>
public static class ReadPositions
{
    /// <summary>
    /// The headers are <c>Veza-Position</c>, <c>Veza-Complete</c> and <c>Veza-Epoch</c>. Only what the endpoint reads
    /// through <see cref="Views"/> counts. It comes after <see cref="AsOf.AnswersAsOf"/>.
    /// </summary>
    /// <param name="counting">The projection of the answer's counts; null for an answer without counts.</param>
    public static RouteHandlerBuilder AnswersPosition(this RouteHandlerBuilder endpoint, string? counting = null) =>
        endpoint.AddEndpointFilter(
            async (context, next) =>
            {
                var http = context.HttpContext;
                if (http.PointInTime() is not null)
                    return await next(context);
                // Taken before the rows: after a failover in between, the client resumes with the former epoch, and is
                // sent to read again.
                var epoch = http.RequestServices.GetRequiredService<EventLog>().Epoch;
                var read = new ReadPosition(counting);
                http.Features.Set(read);
                var answer = await next(context);
                if (read is not { Position: { } position, Complete: { } complete })
                    return answer;
                var headers = http.Response.Headers;
                headers["Veza-Position"] = position.ToString(CultureInfo.InvariantCulture);
                headers["Veza-Complete"] = complete.ToString(CultureInfo.InvariantCulture);
                headers["Veza-Epoch"] = epoch;
                return answer;
            }
        );

    /// <returns>
    /// The tables that the request's answer comes from: those as of the point in time that it asks for, or those of
    /// now.
    /// </returns>
    public static ReadModels Views(this HttpContext http)
    {
        if (http.PointInTime() is { } past)
            return past.Views;
        var now = http.RequestServices.GetRequiredService<ReadModels>();
        return http.Features.Get<ReadPosition>() is { } position ? now.At(position) : now;
    }
}
