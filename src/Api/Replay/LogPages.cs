using System.Runtime.CompilerServices;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Reading;
using Veza.Realtime;

namespace Veza.Api.Replay;

/// <param name="Types">Aliases to keep, those of every schema version; null keeps all.</param>
/// <param name="Stream">The one stream to keep; null keeps all.</param>
/// <param name="Limit">Events to give at most.</param>
/// <param name="Follow">Goes on at the head instead of ending there.</param>
internal sealed record LogRequest(long After, string[]? Types, Guid? Stream, long Limit, bool Follow);

/// <summary>A span of the log in pages: from the tail where it holds them, else from the database.</summary>
internal sealed class LogPages(EventLog log, LogRequest request, long head)
{
    private long _streamVersion;

    private readonly string _sessionEnded = log.Types.Describe(typeof(SessionEnded)).Name;

    /// <param name="caller">Who follows; when the session ends, so do the pages.</param>
    public async IAsyncEnumerable<List<RecordedEvent>> ReadAsync(LiveCaller? caller, [EnumeratorCancellation] CancellationToken ct)
    {
        var after = request.After;
        var left = request.Limit;
        var forks = log.Forks;
        while (left > 0 && (request.Follow || after < head))
        {
            log.ThrowIfForkedSince(forks);
            if (after >= log.Head)
            {
                await log.Tail.WaitAsync(after, ct);
                continue;
            }
            var (page, scanned, signedOut) = await NextAsync(after, (int)Math.Min(left, LogReader.PageEventsMax), caller, ct);
            log.ThrowIfForkedSince(forks);
            after = scanned;
            left -= page.Count;
            if (request.Stream is not null && page.Count > 0) _streamVersion = page[^1].Version;
            if (page.Count > 0) yield return page;
            if (signedOut) yield break;
        }
    }

    private async Task<(List<RecordedEvent> Page, long Scanned, bool SignedOut)> NextAsync(long after, int max, LiveCaller? caller, CancellationToken ct)
    {
        var query = new LogQuery(after, request.Follow ? log.Head : head) { Types = request.Types, Stream = request.Stream, AfterVersion = _streamVersion };
        if (query.Scans) query = query with { UpTo = Math.Min(query.UpTo, after + LogReader.SpanMax) };
        var events = new List<RecordedEvent>();
        if (!log.Tail.TryRead(after, (int)Math.Min(max, query.UpTo - after), events))
        {
            var page = await log.Reader.ReadAsync(query, max, ct);
            return (page, page.Count == max ? page[^1].Position : query.UpTo, false);
        }
        // By name and stream: an event that cannot be read is of no concern here.
        var signedOut = caller?.SessionId is { } session && events.Any(e => e.StreamId == session && e.Name == _sessionEnded);
        var scanned = events[^1].Position;
        events.RemoveAll(e => request.Types is { } types && !types.Contains(e.Type) || request.Stream is { } stream && e.StreamId != stream);
        return (events, scanned, signedOut);
    }
}
