using System.Text.Json;
using Veza.Api.Http;
using Veza.EventStore;
using Veza.Realtime;

namespace Veza.Api.Accounts;

/// <summary>Everything the log holds of one person, for that person.</summary>
internal static class AccountExport
{
    public const string ContentType = "application/x-ndjson";

    /// <summary>Lines that wait to be sent; a slow reader holds up the reading of the log and nothing else.</summary>
    private const int FlushBytes = 64 * 1024;

    public static async Task WriteAsync(Caller caller, HttpContext http, EventLog log, LiveEngine live)
    {
        var ct = http.RequestAborted;
        await log.CatchUpAsync(ct);
        http.Response.ContentType = ContentType;
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.ContentDisposition = "attachment; filename=\"veza-export.jsonl\"";
        var body = http.Response.BodyWriter;
        using var json = new Utf8JsonWriter(body);
        await foreach (var e in log.Reader.ReadConcerningAsync(caller.AccountId, ct))
        {
            live.Json.WriteRecord(json, e);
            json.Flush();
            json.Reset();
            body.GetSpan(1)[0] = (byte)'\n';
            body.Advance(1);
            if (body.UnflushedBytes >= FlushBytes) await body.FlushAsync(ct);
        }
        await body.FlushAsync(ct);
    }
}
