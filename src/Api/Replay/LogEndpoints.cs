using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.ResponseCompression;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.Realtime;

namespace Veza.Api.Replay;

/// <summary>The log for analysts, as lines of JSON, at the speed of the reader.</summary>
public static class LogEndpoints
{
    public const string ContentType = "application/x-ndjson";

    /// <summary>Says how far the log went when the answer began, so that a reader can show its progress.</summary>
    public const string HeadHeader = "Veza-Head";

    /// <summary>More could not be named in a request line of 8 KiB.</summary>
    private const int TypesMax = 200;

    /// <summary>Bytes written before waiting for the reader.</summary>
    private const int FlushBytes = 64 << 10;

    public static void AddLogReplay(this IServiceCollection services)
    {
        services.AddResponseCompression(o =>
        {
            // The log holds no secret beside text that a caller chose, which is what makes compressing over TLS dangerous.
            o.EnableForHttps = true;
            o.MimeTypes = [ContentType];
            o.Providers.Add<GzipCompressionProvider>();
        });
        services.Configure<GzipCompressionProviderOptions>(o => o.Level = System.IO.Compression.CompressionLevel.Fastest);
    }

    public static void MapLog(this WebApplication app, IEndpointRouteBuilder api)
    {
        // Not what follows: a compressor sends nothing, not even the headers, before the first event comes.
        app.UseWhen(context => context.Request.Path == "/api/v1/log" && context.Request.Query["follow"] != "true", log => log.UseResponseCompression());
        api.MapGet("/log", ReplayAsync).RequireAuthorization(Scope.LogRead).WithTags("Replay").Produces(StatusCodes.Status200OK, contentType: ContentType)
            .WithSummary("Replay the log")
            .WithDescription("The events after the position `after`, oldest first, one JSON object a line: `{position,id,stream,version,type,at,by,commandId,data}`. `types` (comma-separated, snake case) and "
                + "`stream` (an id) filter, `limit` ends after so many events, `follow=true` goes on live at the head. Secrets are left out. To resume, send the last position as `after`. gzip when asked, unless it follows.");
    }

    private static async Task ReplayAsync(
        string? after, string? types, string? stream, string? limit, string? follow, HttpContext http, EventLog log, LiveEngine live, IHostApplicationLifetime lifetime)
    {
        if (!TryParse(log, after, types, stream, limit, follow, out var request, out var refusal)) { await Problems.WriteAsync(http, refusal); return; }
        await log.CatchUpAsync(http.RequestAborted);
        var head = log.Head;
        http.Response.ContentType = ContentType;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers[HeadHeader] = head.ToString(CultureInfo.InvariantCulture);
        if (request.Follow) http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // A stopping host must not wait for a reader that follows; it resumes elsewhere from its last line.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await http.Response.StartAsync(ending.Token);
            await WriteAsync(http.Response.BodyWriter, live.Json, new LogPages(log, request, head), LiveCaller.From(http.User), ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested) { }
    }

    private static async Task WriteAsync(PipeWriter body, EventJson writer, LogPages pages, LiveCaller? caller, CancellationToken ct)
    {
        await body.FlushAsync(ct);
        using var json = new Utf8JsonWriter(body);
        await foreach (var page in pages.ReadAsync(caller, ct))
        {
            foreach (var e in page)
            {
                writer.WriteRecord(json, e);
                json.Flush();
                json.Reset();
                body.GetSpan(1)[0] = (byte)'\n';
                body.Advance(1);
                if (body.UnflushedBytes >= FlushBytes) await body.FlushAsync(ct);
            }
            await body.FlushAsync(ct);
        }
    }

    private static bool TryParse(
        EventLog log, string? after, string? types, string? stream, string? limit, string? follow, out LogRequest request, out Refusal refusal)
    {
        (request, refusal) = (null!, null!);
        long from = 0, count = long.MaxValue;
        Guid? only = null;
        if (!string.IsNullOrEmpty(after) && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out from))
            refusal = Problems.Invalid("after", $"after is \"{after}\"; it must be a position, 0 or more");
        else if (!string.IsNullOrEmpty(limit) && (!long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1))
            refusal = Problems.Invalid("limit", $"limit is \"{limit}\"; it must be a number of events, 1 or more");
        else if (follow is not (null or "" or "true" or "false"))
            refusal = Problems.Invalid("follow", $"follow is \"{follow}\"; true and false are allowed");
        else if (!string.IsNullOrEmpty(stream))
        {
            if (Guid.TryParseExact(stream, "D", out var id)) only = id;
            else refusal = Problems.Invalid("stream", $"stream is \"{stream}\"; it must be the id of a stream, a UUID");
        }
        var names = types?.Split(',', StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        // Whichever schema version is named, the type is meant.
        if (names is { Length: > TypesMax }) refusal ??= Problems.Invalid("types", $"types has {names.Length} entries; {TypesMax} are allowed");
        else if (names?.FirstOrDefault(n => log.Types.Find(n) is null) is { } unknown) refusal ??= Problems.Invalid("types", $"types has \"{unknown}\"; there is no such event type");
        request = new(from, names is { Length: > 0 } ? [.. names.SelectMany(n => log.Types.Find(n)?.Aliases ?? []).Distinct()] : null, only, count, follow == "true");
        return refusal is null;
    }
}
