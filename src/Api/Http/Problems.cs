using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Veza.Commands.Dispatching;
using Veza.EventStore;

namespace Veza.Api.Http;

/// <summary>Refusals and faults as RFC 9457 problem details.</summary>
public static class Problems
{
    public static ProblemHttpResult From(Refusal refusal)
    {
        var status = Status(refusal.Kind);
        var problem = new ProblemDetails { Type = $"/problems/{refusal.Code}", Title = Title(refusal.Code), Status = status, Detail = refusal.Detail };
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString();
        if (refusal.Errors is not null) problem.Extensions["errors"] = refusal.Errors;
        if (refusal.RetryAfter is { } wait) problem.Extensions["retryAfterSeconds"] = Math.Ceiling(wait.TotalSeconds);
        return TypedResults.Problem(problem);
    }

    /// <summary>Sets what a refusal says in headers, then writes it.</summary>
    public static Task WriteAsync(HttpContext context, Refusal refusal)
    {
        if (refusal.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return From(refusal).ExecuteAsync(context);
    }

    public static IResult Result(Refusal refusal) => new RefusalResult(refusal);

    public static Refusal Invalid(string field, string detail) => Refusals.Invalid(new Dictionary<string, string[]> { [field] = [detail] });

    public static int Status(RefusalKind kind) => kind switch
    {
        RefusalKind.Invalid => StatusCodes.Status400BadRequest,
        RefusalKind.Unauthenticated => StatusCodes.Status401Unauthorized,
        RefusalKind.NotAllowed => StatusCodes.Status403Forbidden,
        RefusalKind.Unknown => StatusCodes.Status404NotFound,
        RefusalKind.Conflict => StatusCodes.Status409Conflict,
        RefusalKind.Stale => StatusCodes.Status412PreconditionFailed,
        RefusalKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        RefusalKind.Unsupported => StatusCodes.Status415UnsupportedMediaType,
        RefusalKind.Unprocessable => StatusCodes.Status422UnprocessableEntity,
        RefusalKind.TooFast => StatusCodes.Status429TooManyRequests,
        RefusalKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a refusal of a kind that HTTP has no status for"),
    };

    private static string Title(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('_', ' ');

    private sealed class RefusalResult(Refusal refusal) : IResult
    {
        public Task ExecuteAsync(HttpContext context) => WriteAsync(context, refusal);
    }
}

/// <summary>Turns what a request's shape throws into 400 with the field named, and a fault into 500 without detail.</summary>
internal sealed class FaultHandler(ILogger<FaultHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken ct)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested) return true;
        if (exception is BadHttpRequestException bad)
        {
            await Problems.WriteAsync(context, FromBadRequest(bad));
            return true;
        }
        if (DatabaseFaults.IsUnavailable(exception))
        {
            logger.LogWarning("{Method} {Path}: the database does not answer: {Reason}", context.Request.Method, context.Request.Path, exception.Message);
            await Problems.WriteAsync(context, Unavailable);
            return true;
        }
        logger.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
        var problem = new ProblemDetails { Type = "/problems/fault", Title = "Fault", Status = StatusCodes.Status500InternalServerError, Detail = "something went wrong here; the trace id names it" };
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString();
        await TypedResults.Problem(problem).ExecuteAsync(context);
        return true;
    }

    private static readonly Refusal Unavailable =
        new("database_unavailable", RefusalKind.Unavailable, "the database does not answer; try again shortly") { RetryAfter = TimeSpan.FromSeconds(1) };

    private static Refusal FromBadRequest(BadHttpRequestException bad)
    {
        if (bad.StatusCode == StatusCodes.Status413PayloadTooLarge) return new("too_large", RefusalKind.TooLarge, bad.Message);
        if (bad.StatusCode == StatusCodes.Status415UnsupportedMediaType) return new("unsupported_media_type", RefusalKind.Unsupported, bad.Message);
        if (bad.InnerException is not JsonException json) return new("malformed", RefusalKind.Invalid, bad.Message);
        var field = json.Path is { Length: > 2 } path ? path[2..] : "body";
        return Problems.Invalid(field, $"{field} is not of the expected form: {json.Message.Split(" Path:")[0]}");
    }
}
