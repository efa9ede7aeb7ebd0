using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Database;

namespace Veza.Api.Http;

/// <summary>
/// Turns exceptions about a request's shape into 400 with the field named, and a fault into 500 without detail.
/// </summary>
internal sealed partial class FaultHandler(ILogger<FaultHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken ct)
    {
        if (exception is BadHttpRequestException bad)
        {
            await Problems.WriteAsync(context, FromBadRequest(bad));
            return true;
        }
        if (exception is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
            return true;
        if (
            exception is PostgresException
            {
                SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter
            }
        )
        {
            await Problems.WriteAsync(
                context,
                new(
                    "malformed",
                    RefusalKind.Invalid,
                    "the request holds the character U+0000, which cannot be stored or looked for"
                )
            );
            return true;
        }
        // Kestrel reports a chunk size that overflows like this.
        if (exception is IOException { InnerException: OverflowException })
        {
            await Problems.WriteAsync(context, new("malformed", RefusalKind.Invalid, exception.Message));
            return true;
        }
        // For example the key of a new account, or a query's temporary file.
        if (exception is StorageFullException || DatabaseFaults.IsDiskFull(exception))
        {
            var (method, path) = (context.Request.Method, context.Request.Path);
            logger.LogError("{Method} {Path}: the disk is full: {Reason}", method, path, exception.Message);
            await Problems.WriteAsync(context, Refusals.StorageFull);
            return true;
        }
        // Exceptions of database connections are Npgsql's, so this one is about a file.
        if (exception is IOException)
        {
            logger.LogError(
                exception,
                "{Method} {Path}: a file could not be written or read",
                context.Request.Method,
                context.Request.Path
            );
            await Problems.WriteAsync(context, StorageUnavailable);
            return true;
        }
        if (DatabaseFaults.IsUnavailable(exception))
        {
            logger.LogWarning(
                "{Method} {Path}: the database does not answer: {Reason}",
                context.Request.Method,
                context.Request.Path,
                exception.Message
            );
            await Problems.WriteAsync(context, Unavailable);
            return true;
        }
        HttpMetrics.Refusals.Add(1, new KeyValuePair<string, object?>("code", "fault"));
        logger.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
        var problem = new ProblemDetails
        {
            Type = "/problems/fault",
            Title = "Fault",
            Status = StatusCodes.Status500InternalServerError,
            Detail = "something went wrong here; the trace id names it",
        };
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString();
        await TypedResults.Problem(problem).ExecuteAsync(context);
        return true;
    }

    private static readonly Refusal Unavailable = new(
        "database_unavailable",
        RefusalKind.Unavailable,
        "the database does not answer; try again shortly"
    )
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    private static readonly Refusal StorageUnavailable = new(
        "storage_unavailable",
        RefusalKind.Unavailable,
        "files cannot be stored or read just now; try again later"
    )
    {
        RetryAfter = TimeSpan.FromSeconds(10),
    };

    private static Refusal FromBadRequest(BadHttpRequestException bad)
    {
        if (bad.StatusCode == StatusCodes.Status413PayloadTooLarge)
            return new("too_large", RefusalKind.TooLarge, bad.Message);
        if (bad.StatusCode == StatusCodes.Status415UnsupportedMediaType)
            return new("unsupported_media_type", RefusalKind.Unsupported, bad.Message);
        if (bad.InnerException is JsonException json)
        {
            var field = json.Path is { Length: > 2 } path ? path[2..] : "body";
            // The rest of such a message names an internal type, which does not help the caller.
            var said = json.Message.Contains("could not be converted", StringComparison.Ordinal)
                ? "it is a value of another kind"
                : json.Message.Split(" Path:")[0];
            return Problems.Invalid(field, $"{field} is not of the expected form: {said}");
        }
        if (Parameter().Match(bad.Message) is { Success: true } parameter)
        {
            var (name, value) = (parameter.Groups["name"].Value, parameter.Groups["value"]);
            return Problems.Invalid(
                name,
                value.Success
                    ? $"{name} is \"{value.Value}\"; it must be {Kind(parameter.Groups["type"].Value)}"
                    : $"{name} is missing"
            );
        }
        return bad.Message.StartsWith("Implicit body", StringComparison.Ordinal)
            ? Problems.Invalid("body", "the body is missing; it must be a JSON object")
            : new("malformed", RefusalKind.Invalid, bad.Message);
    }

    private static string Kind(string type) =>
        type switch
        {
            "Guid" => "an id, a UUID",
            "bool" => "true or false",
            "int" or "long" => "a whole number",
            _ => "of another form",
        };

    // Minimal APIs name the parameter that they could not bind only in the message.
    [GeneratedRegex(
        """^(Failed to bind|Required) parameter "(Nullable<)?(?<type>[\w]+)>?\?? (?<name>\w+)"( from "(?<value>.*)"\.)?""",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Parameter();
}
