using System.Globalization;
using Microsoft.AspNetCore.ResponseCompression;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.Realtime.Engine;

namespace Veza.Api.Replay;

/// <summary>The log for analysts, as lines of JSON, at the speed of the reader.</summary>
public static class LogEndpoints
{
    public const string ContentType = "application/x-ndjson";

    /// <summary>The head of the log when the answer began, so that a reader can show its progress.</summary>
    public const string HeadHeader = "Veza-Head";

    /// <summary>A request line of 8 KiB has no room for more.</summary>
    private const int TypesMax = 200;

    public static void AddLogReplay(this IServiceCollection services)
    {
        services.AddSingleton<LogReaders>();
        services.AddResponseCompression(o =>
        {
            // Compressing over TLS is dangerous when an answer mixes secrets with text that a caller chose. The log
            // holds no secrets.
            o.EnableForHttps = true;
            o.MimeTypes = [ContentType];
            o.Providers.Add<GzipCompressionProvider>();
        });
        services.Configure<GzipCompressionProviderOptions>(o =>
            o.Level = System.IO.Compression.CompressionLevel.Fastest
        );
    }

    public static void MapLog(this WebApplication app, IEndpointRouteBuilder api)
    {
        // Not when following: a compressor sends nothing, not even the headers, before the first event comes.
        app.UseWhen(
            context => context.Request.Path == "/api/v1/log" && context.Request.Query["follow"] != "true",
            log => log.UseResponseCompression()
        );
        api.MapGet("/log", ReplayAsync)
            .RequireAuthorization(Scope.LogRead)
            .WithTags("Replay")
            .AnswersAtLength(ContentType)
            .WithSummary("Replay the log")
            .WithDescription(
                """
                The events after the position `after`, oldest first, one JSON object a line:
                `{position,id,stream,version,type,at,by,commandId,data}`. `types` (comma-separated, snake case) and
                `stream` (an id) filter, `until` (a position) and `limit` (a number of events) end it, and `follow=true`
                continues live at the head. Secrets are left out. To resume, send the last position as `after`.
                Compresses with gzip on request, unless it follows. It ends with the session or key that asks. An
                account may have 8 such answers open, else 429 `too_fast`; a client that takes less than 64 KiB in 20 s
                is cut off. A person's security events show, once a day, that a session or key read the log.
                """
            );
    }

    private static async Task ReplayAsync(
        string? after,
        string? until,
        string? types,
        string? stream,
        string? limit,
        string? follow,
        Caller caller,
        HttpContext http,
        EventLog log,
        LiveEngine live,
        LogReaders readers,
        PrivilegedActs acts
    )
    {
        if (!TryParse(log, after, until, types, stream, limit, follow, out var request, out var refusal))
        {
            await Problems.WriteAsync(http, refusal);
            return;
        }
        using var reading = await readers.TryAnswerAsync(caller.AccountId, http.RequestAborted);
        if (reading is null)
        {
            await Problems.WriteAsync(http, LogReaders.TooManyAnswers);
            return;
        }
        // A following reader does not delay a stopping host; it resumes on another node from its last line.
        using var answer = await LongAnswer.TryOpenAsync(http);
        if (answer is null)
            return;
        var unrecorded = await acts.LogReadAsync(caller.SessionId, http.RequestAborted);
        if (unrecorded is not null)
        {
            await Problems.WriteAsync(http, unrecorded);
            return;
        }
        await log.CatchUpAsync(http.RequestAborted);
        var head = log.Head;
        answer.Begin(ContentType, atOnce: request.Follow);
        http.Response.Headers[HeadHeader] = head.ToString(CultureInfo.InvariantCulture);
        try
        {
            await http.Response.StartAsync(answer.Ending);
            await answer.FlushAsync();
            using var lines = new RecordLines(answer, live.Json);
            var pages = new LogPages(log, request, Math.Min(head, request.Until), readers);
            await foreach (var page in pages.ReadAsync(caller.AccountId, answer.Session, answer.Ending))
                await lines.WriteAsync(page);
        }
        catch (OperationCanceledException) when (answer.IsOver) { }
    }

    private static bool TryParse(
        EventLog log,
        string? after,
        string? until,
        string? types,
        string? stream,
        string? limit,
        string? follow,
        out LogRequest request,
        out Refusal refusal
    )
    {
        (request, refusal) = (null!, null!);
        long from = 0,
            last = long.MaxValue,
            count = long.MaxValue;
        Guid? only = null;
        if (
            !string.IsNullOrEmpty(after)
            && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out from)
        )
            refusal = Problems.Invalid("after", $"after is \"{after}\"; it must be a position, 0 or more");
        else if (
            !string.IsNullOrEmpty(until)
            && !long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out last)
        )
            refusal = Problems.Invalid("until", $"until is \"{until}\"; it must be a position, 0 or more");
        else if (!string.IsNullOrEmpty(until) && follow == "true")
            refusal = Problems.Invalid("until", $"until is \"{until}\"; an answer that follows has no end");
        else if (
            !string.IsNullOrEmpty(limit)
            && (!long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1)
        )
            refusal = Problems.Invalid("limit", $"limit is \"{limit}\"; it must be a number of events, 1 or more");
        else if (follow is not (null or "" or "true" or "false"))
            refusal = Problems.Invalid("follow", $"follow is \"{follow}\"; true and false are allowed");
        else if (!string.IsNullOrEmpty(stream))
        {
            if (Guid.TryParseExact(stream, "D", out var id))
                only = id;
            else
                refusal = Problems.Invalid("stream", $"stream is \"{stream}\"; it must be the id of a stream, a UUID");
        }
        var names = types?.Split(',', StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        // A name of any schema version selects the event type.
        if (names is { Length: > TypesMax })
            refusal ??= Problems.Invalid("types", $"types has {names.Length} entries; {TypesMax} are allowed");
        else if (names?.FirstOrDefault(n => log.Types.Find(n) is null) is { } unknown)
            refusal ??= Problems.Invalid("types", $"types has \"{unknown}\"; there is no such event type");
        request = new(
            from,
            last,
            names is { Length: > 0 } ? [.. names.SelectMany(n => log.Types.Find(n)?.Aliases ?? []).Distinct()] : null,
            only,
            count,
            follow == "true"
        );
        return refusal is null;
    }
}
