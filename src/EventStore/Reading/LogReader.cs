using System.Data;
using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Reading;

/// <summary>Reads the log from PostgreSQL, a page at a time.</summary>
/// <remarks>Any thread may call it. It reads committed events; a database that is away throws.</remarks>
public sealed class LogReader(NpgsqlDataSource database, PersonalDataCipher cipher)
{
    /// <summary>Events in a page: some hundred kilobytes, read in a few milliseconds.</summary>
    public const int PageEventsMax = 1000;

    /// <summary>
    /// Positions that one query may scan when it keeps only some of them: with rare types it would otherwise exceed the
    /// database's time-out.
    /// </summary>
    public const int SpanMax = 100_000;

    /// <summary>The columns of an event, in the order <see cref="Read(NpgsqlDataReader)"/> expects.</summary>
    internal const string Columns =
        "seq_id, id, stream_id, version, type, timestamp, causation_id, user_name, data::text, correlation_id";

    /// <summary>
    /// The part of an event's version that is in the index on streams. A query without it scans the stream's earlier
    /// events, or sorts them all.
    /// </summary>
    internal const string Eight = "version >> 3";

    private const string Span = $"select {Columns} from log.mt_events where seq_id > $1 and seq_id <= $2";

    private long _eventsRead;

    /// <summary>Events this reader has fetched from PostgreSQL.</summary>
    public long EventsRead => Volatile.Read(ref _eventsRead);

    public async Task<long> HeadAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select position from log.chain order by position desc limit 1"
        );
        return await command.ExecuteScalarAsync(ct) as long? ?? 0;
    }

    /// <summary>One page of at most <paramref name="max"/> events. Fewer mean that it is the last.</summary>
    /// <remarks>
    /// A query that <see cref="LogQuery.Scans"/> may scan its whole span: bound the span, or use
    /// <see cref="ReadAllAsync"/>, which does.
    /// </remarks>
    public async Task<List<RecordedEvent>> ReadAsync(LogQuery query, int max, CancellationToken ct)
    {
        var order = query.Backwards ? " desc" : "";
        // A stream's positions and versions rise together; in the order of versions its own index serves.
        const string ofStream =
            $"stream_id = $4 and version > $5 and version < $6 and {Eight} >= $5 >> 3 and {Eight} <= $6 >> 3";
        var sql = (query.Stream, query.Types) switch
        {
            (null, null) => $"{Span} order by seq_id{order} limit $3",
            (null, _) => $"{Span} and type = any ($4) order by seq_id{order} limit $3",
            (_, null) => $"{Span} and {ofStream} order by {Eight}{order}, version{order} limit $3",
            _ => $"{Span} and {ofStream} and type = any ($7) order by {Eight}{order}, version{order} limit $3",
        };
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = query.After });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = query.UpTo });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        if (query.Stream is { } stream)
        {
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = query.AfterVersion });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = query.BeforeVersion });
        }
        if (query.Types is { } only)
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = only });
        return await CountedAsync(command, ct);
    }

    /// <summary>The events after <paramref name="after"/>, oldest first.</summary>
    /// <param name="only">Aliases to keep, as <see cref="EventTypes.AliasesOf"/> has them; null keeps all.</param>
    /// <param name="upTo">The last position.</param>
    public Task<List<RecordedEvent>> ReadAsync(
        long after,
        long upTo,
        int max,
        string[]? only,
        Guid? stream,
        CancellationToken ct
    ) => ReadAsync(new(after, upTo) { Types = only, Stream = stream }, max, ct);

    /// <summary>
    /// Every event of the query up to the present head. One page is in memory, and between two pages it holds neither a
    /// connection nor a snapshot, so that a slow reader delays nothing.
    /// </summary>
    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(
        LogQuery query,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var left = query with { UpTo = Math.Min(query.UpTo, await HeadAsync(ct)) };
        while (left.After < left.UpTo)
        {
            var span = left;
            if (left is { Scans: true, Backwards: true })
                span = left with { After = Math.Max(left.After, left.UpTo - SpanMax) };
            else if (left.Scans)
                span = left with { UpTo = Math.Min(left.UpTo, left.After + SpanMax) };
            var page = await ReadAsync(span, PageEventsMax, ct);
            foreach (var e in page)
                yield return e;
            if (page.Count == PageEventsMax)
                left = left.Beyond(page[^1]);
            else if (left.Backwards)
                left = left with { UpTo = span.After };
            else
                left = left with { After = span.UpTo };
        }
    }

    /// <summary>
    /// A page of the events that an account caused, that are in its stream or that name it, oldest first.
    /// </summary>
    /// <returns>The events, perhaps none, and the position up to which there is no other.</returns>
    /// <remarks>No index serves this: it scans each event of a span, some 100,000 in a tenth of a second.</remarks>
    public async Task<(List<RecordedEvent> Page, long ReadTo)> ReadConcerningAsync(
        Guid account,
        long after,
        long head,
        CancellationToken ct
    )
    {
        var upTo = Math.Min(head, after + SpanMax);
        await using var command = database.CreateCommand(
            $"""
            select {Columns} from log.mt_events
            where seq_id > $1 and seq_id <= $2 and (user_name = $3 or stream_id = $4 or data::text like $5)
            order by seq_id limit $6
            """
        );
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.ToString("N") });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = account });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"%{account:D}%" });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageEventsMax });
        var page = await CountedAsync(command, ct);
        return (page, page.Count == PageEventsMax ? page[^1].Position : upTo);
    }

    /// <summary>The events at these positions, oldest first. Costs a look-up each.</summary>
    /// <param name="positions">In ascending order; <see cref="PageEventsMax"/> at most.</param>
    public async Task<List<RecordedEvent>> ReadPositionsAsync(long[] positions, CancellationToken ct)
    {
        if (positions.Length == 0)
            return [];
        // The bounds are redundant, except for the planner: only by them it leaves partitions out.
        await using var command = database.CreateCommand(
            $"""
            select {Columns} from log.mt_events
            where seq_id >= $1 and seq_id <= $2 and seq_id = any ($3) order by seq_id
            """
        );
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = positions[0] });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = positions[^1] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = positions });
        return await CountedAsync(command, ct);
    }

    /// <summary>
    /// Streams the events of a stream after a version, oldest first. It keeps none in memory, and holds a connection
    /// until the last.
    /// </summary>
    public async IAsyncEnumerable<RecordedEvent> ReadStreamAsync(
        Guid stream,
        long afterVersion,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        // A subquery hides the stream from the planner, which would sort all of one that it knows to be long.
        await using var command = database.CreateCommand(
            $"""
            select {Columns} from log.mt_events
            where stream_id = (select $1) and version > $2 and {Eight} >= $2 >> 3 order by {Eight}, version
            """
        );
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterVersion });
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        while (await rows.ReadAsync(ct))
            yield return Read(rows);
    }

    /// <summary>
    /// Streams the events of many small streams within a span, oldest first. It costs a look-up for each stream in each
    /// partition of the span, and one for each event. It holds a connection until the last.
    /// </summary>
    /// <param name="max">Events at most; of more, any may be missing.</param>
    public async IAsyncEnumerable<RecordedEvent> ReadStreamsAsync(
        Guid[] streams,
        long after,
        long upTo,
        int max,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        // Materialised, or the planner might walk the span in its order instead of looking the streams up.
        await using var command = database.CreateCommand(
            $"""
            with found as materialized (
                select * from log.mt_events where stream_id = any ($1) and seq_id > $2 and seq_id <= $3 limit $4)
            select {Columns} from found order by seq_id
            """
        );
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = streams });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        while (await rows.ReadAsync(ct))
            yield return Read(rows);
    }

    /// <returns>
    /// The position of the last event before a moment; 0 when there is none. Times never go back along the log, so a
    /// binary search finds it in a few dozen look-ups.
    /// </returns>
    public async Task<long> PositionBeforeAsync(DateTimeOffset moment, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(
            "select timestamp < $2 from log.mt_events where seq_id = $1",
            connection
        );
        var at = new NpgsqlParameter<long>();
        command.Parameters.Add(at);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = moment.ToUniversalTime() });
        var (before, notBefore) = (0L, await HeadAsync(ct) + 1);
        while (notBefore - before > 1)
        {
            at.TypedValue = before + (notBefore - before) / 2;
            if (await command.ExecuteScalarAsync(ct) is true)
                before = at.TypedValue;
            else
                notBefore = at.TypedValue;
        }
        return before;
    }

    /// <returns>The holder of a unique name; null when it is free.</returns>
    public async Task<Guid?> FindNameAsync(string scope, string name, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select owner from log.names where scope = $1 and name = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = scope });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await command.ExecuteScalarAsync(ct) as Guid?;
    }

    /// <returns>The first answer to a command id; null when it is new.</returns>
    public async Task<Appending.AppendOutcome.Duplicate?> FindCommandAsync(Guid id, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select version, position, answer::text, fingerprint from log.commands where id = $1"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var row = await command.ExecuteReaderAsync(CommandBehavior.SingleRow, ct);
        if (!await row.ReadAsync(ct))
            return null;
        return new(
            row.GetInt64(0),
            row.GetInt64(1),
            row.IsDBNull(2) ? null : row.GetFieldValue<byte[]>(2),
            row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3)
        );
    }

    private async Task<List<RecordedEvent>> CountedAsync(NpgsqlCommand command, CancellationToken ct)
    {
        var events = await FetchAsync(command, ct);
        LogMetrics.ReadFromDatabase.Add(events.Count);
        Interlocked.Add(ref _eventsRead, events.Count);
        return events;
    }

    private async Task<List<RecordedEvent>> FetchAsync(NpgsqlCommand command, CancellationToken ct)
    {
        // Rows are buffered whole: sequential access would block the thread for a value that has not arrived.
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var events = new List<RecordedEvent>();
        while (await reader.ReadAsync(ct))
            events.Add(Read(reader));
        await cipher.PrepareAsync(events, ct);
        return events;
    }

    internal RecordedEvent Read(NpgsqlDataReader row) => Read(row, cipher);

    /// <param name="row">Its columns are <see cref="Columns"/>.</param>
    internal static RecordedEvent Read(NpgsqlDataReader row, IEventReader reader)
    {
        var id = row.GetGuid(1);
        // Aliases repeat endlessly; the interned one lets readers compare them cheaply.
        var type = string.Intern(row.GetString(4));
        var command = !row.IsDBNull(6) && Guid.TryParse(row.GetString(6), out var named) ? named : id;
        var by = row.IsDBNull(7) ? null : row.GetString(7);
        return new(
            row.GetInt64(0),
            id,
            row.GetGuid(2),
            row.GetInt64(3),
            type,
            row.GetFieldValue<DateTimeOffset>(5),
            command,
            by,
            row.GetFieldValue<byte[]>(8),
            reader,
            trace: row.IsDBNull(9) ? null : row.GetString(9)
        );
    }
}
