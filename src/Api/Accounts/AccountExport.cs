using Veza.Api.Http;
using Veza.Api.Replay;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.Realtime;

namespace Veza.Api.Accounts;

/// <summary>Writes every event in the log that concerns one person, to that person.</summary>
internal static class AccountExport
{
    public const string ContentType = "application/x-ndjson";

    public static async Task WriteAsync(
        Caller caller,
        HttpContext http,
        EventLog log,
        LiveEngine live,
        LogReaders readers
    )
    {
        var ct = http.RequestAborted;
        using var export = await readers.TryExportAsync(caller.AccountId, ct);
        if (export is null)
        {
            await Problems.WriteAsync(http, LogReaders.TooManyExports);
            return;
        }
        using var answer = await LongAnswer.TryOpenAsync(http);
        if (answer is null)
            return;
        await log.CatchUpAsync(ct);
        answer.Begin(ContentType, atOnce: false);
        http.Response.Headers.ContentDisposition = "attachment; filename=\"veza-export.jsonl\"";
        try
        {
            await WriteAsync(caller.AccountId, answer, log, live.Json, readers);
        }
        catch (OperationCanceledException) when (answer.IsOver) { }
    }

    private static async Task WriteAsync(
        Guid account,
        LongAnswer answer,
        EventLog log,
        EventJson json,
        LogReaders readers
    )
    {
        using var lines = new RecordLines(answer, json);
        var head = log.Head;
        for (var after = 0L; after < head; )
        {
            List<RecordedEvent> page;
            // The slot is free while the client reads, so other exports go on meanwhile.
            using (await readers.ExportPageAsync(account, answer.Ending))
                (page, after) = await log.Reader.ReadConcerningAsync(account, after, head, answer.Ending);
            await lines.WriteAsync(page);
        }
    }
}
