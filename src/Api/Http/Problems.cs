using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Veza.Commands.Dispatching;

namespace Veza.Api.Http;

/// <summary>Refusals and faults as RFC 9457 problem details.</summary>
public static class Problems
{
    public static ProblemHttpResult From(Refusal refusal)
    {
        var status = Status(refusal.Kind);
        var problem = new ProblemDetails
        {
            Type = $"/problems/{refusal.Code}",
            Title = Title(refusal.Code),
            Status = status,
            Detail = refusal.Detail,
        };
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString();
        if (refusal.Errors is not null)
            problem.Extensions["errors"] = refusal.Errors;
        if (refusal.RetryAfter is { } wait)
            problem.Extensions["retryAfterSeconds"] = Math.Ceiling(wait.TotalSeconds);
        return TypedResults.Problem(problem);
    }

    /// <summary>Sets the headers of a refusal, then writes it.</summary>
    public static Task WriteAsync(HttpContext context, Refusal refusal)
    {
        HttpMetrics.Refusals.Add(1, new KeyValuePair<string, object?>("code", refusal.Code));
        if (refusal.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds))
                .ToString(CultureInfo.InvariantCulture);
        return From(refusal).ExecuteAsync(context);
    }

    /// <summary>Gives a bare status from routing or the server a body like any other refusal.</summary>
    public static Task WriteEmptyAsync(HttpContext context)
    {
        var request = context.Request;
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => WriteAsync(
                context,
                new("not_found", RefusalKind.Unknown, $"there is nothing at {request.Path}")
            ),
            StatusCodes.Status405MethodNotAllowed => WriteAsync(
                context,
                new(
                    "method_not_allowed",
                    RefusalKind.WrongMethod,
                    $"{request.Path} does not take {request.Method}; it takes {context.Response.Headers.Allow}"
                )
            ),
            StatusCodes.Status413PayloadTooLarge => WriteAsync(
                context,
                new("too_large", RefusalKind.TooLarge, "the body is too large")
            ),
            StatusCodes.Status415UnsupportedMediaType => WriteAsync(
                context,
                new(
                    "unsupported_media_type",
                    RefusalKind.Unsupported,
                    request.ContentType is { } type
                        ? $"Content-Type {type} is not taken here"
                        : "Content-Type is missing"
                )
            ),
            var status => TypedResults.Problem(statusCode: status).ExecuteAsync(context),
        };
    }

    public static IResult Result(Refusal refusal) => new RefusalResult(refusal);

    public static Refusal Invalid(string field, string detail) =>
        Refusals.Invalid(new Dictionary<string, string[]> { [field] = [detail] });

    public static int Status(RefusalKind kind) =>
        kind switch
        {
            RefusalKind.Invalid => StatusCodes.Status400BadRequest,
            RefusalKind.Unauthenticated => StatusCodes.Status401Unauthorized,
            RefusalKind.NotAllowed => StatusCodes.Status403Forbidden,
            RefusalKind.Unknown => StatusCodes.Status404NotFound,
            RefusalKind.Conflict => StatusCodes.Status409Conflict,
            RefusalKind.Stale => StatusCodes.Status412PreconditionFailed,
            RefusalKind.WrongMethod => StatusCodes.Status405MethodNotAllowed,
            RefusalKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
            RefusalKind.Unsupported => StatusCodes.Status415UnsupportedMediaType,
            RefusalKind.Unprocessable => StatusCodes.Status422UnprocessableEntity,
            RefusalKind.TooFast => StatusCodes.Status429TooManyRequests,
            RefusalKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
            _ => throw new ArgumentOutOfRangeException(
                nameof(kind),
                kind,
                "a refusal of a kind that HTTP has no status for"
            ),
        };

    private static string Title(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('_', ' ');

    private sealed class RefusalResult(Refusal refusal) : IResult
    {
        public Task ExecuteAsync(HttpContext context) => WriteAsync(context, refusal);
    }
}
