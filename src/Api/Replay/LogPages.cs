using System.Runtime.CompilerServices;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.EventStore.Reading;
using Veza.Realtime.Engine;

namespace Veza.Api.Replay;

/// <param name="Until">The last position.</param>
/// <param name="Types">Aliases to keep, of every schema version; null keeps all.</param>
/// <param name="Stream">The one stream to keep; null keeps all.</param>
/// <param name="Limit">Maximum number of events.</param>
/// <param name="Follow">Continues at the head instead of ending there.</param>
internal sealed record LogRequest(long After, long Until, string[]? Types, Guid? Stream, long Limit, bool Follow);

/// <summary>Reads a span of the log in pages: from the tail while it holds them, otherwise from the database.</summary>
/// <param name="head">Where an answer ends that does not follow.</param>
internal sealed class LogPages(EventLog log, LogRequest request, long head, LogReaders readers)
{
    private long _streamVersion;

    /// <param name="session">The reader's session; the pages end with it.</param>
    public async IAsyncEnumerable<List<RecordedEvent>> ReadAsync(
        Guid account,
        LiveSession session,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var after = request.After;
        var left = request.Limit;
        var generation = log.HistoryGeneration;
        while (left > 0 && (request.Follow || after < head))
        {
            log.ThrowIfForkedSince(generation);
            if (after >= log.Head)
            {
                await log.Tail.WaitAsync(after, ct);
                continue;
            }
            var (page, scanned) = await NextAsync(after, (int)Math.Min(left, LogReader.PageEventsMax), account, ct);
            log.ThrowIfForkedSince(generation);
            if (session.HasEnded)
                yield break;
            after = scanned;
            left -= page.Count;
            if (request.Stream is not null && page.Count > 0)
                _streamVersion = page[^1].Version;
            if (page.Count > 0)
                yield return page;
        }
    }

    private async Task<(List<RecordedEvent> Page, long Scanned)> NextAsync(
        long after,
        int max,
        Guid account,
        CancellationToken ct
    )
    {
        var query = new LogQuery(after, request.Follow ? log.Head : head)
        {
            Types = request.Types,
            Stream = request.Stream,
            AfterVersion = _streamVersion,
        };
        if (query.Scans)
            query = query with { UpTo = Math.Min(query.UpTo, after + LogReader.SpanMax) };
        var events = new List<RecordedEvent>();
        if (!log.Tail.TryRead(after, (int)Math.Min(max, query.UpTo - after), events))
        {
            using var turn = await readers.PageAsync(account, ct);
            var page = await log.Reader.ReadAsync(query, max, ct);
            return (page, page.Count == max ? page[^1].Position : query.UpTo);
        }
        var scanned = events[^1].Position;
        events.RemoveAll(e =>
            request.Types is { } types && !types.Contains(e.Type)
            || request.Stream is { } stream && e.StreamId != stream
        );
        return (events, scanned);
    }
}
