using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Veza.EventStore.Concurrency;

namespace Veza.EventStore.Verification;

/// <summary>
/// Recomputes what the log promises from what PostgreSQL holds. Changes nothing, and may run beside a Veza that
/// appends.
/// </summary>
/// <remarks>
/// It works by spans of positions, each a snapshot of its own, so that a log of any size takes bounded memory and holds
/// no vacuum up. The links are recomputed here, from every event; all else is the database's work. Only the versions
/// are one statement, which sorts; PostgreSQL puts a sort that is too large on disk.
/// </remarks>
public sealed class LogVerifier(
    NpgsqlDataSource database,
    IReadOnlyList<NameRule> names,
    Action<string>? progress = null
)
{
    /// <summary>Positions looked at by one query: seconds of work.</summary>
    private const long SpanMax = 200_000;

    /// <summary>Links looked at in one snapshot: some 100,000 events of a busy log.</summary>
    private const int LinksMax = 1000;

    /// <summary>Differences told of one kind; whoever has more needs no longer list.</summary>
    public const int DifferencesMax = 20;

    // Spans are small beside their tables: only look-ups are right for them. The sort of versions alone gets the
    // memory.
    private const string Session =
        "set jit = off; set enable_hashjoin = off; set enable_mergejoin = off; set work_mem = '64MB'; set statement_timeout = 0; set default_transaction_read_only = on";

    private readonly List<Check> _checks = [];
    private NpgsqlConnection _connection = null!;
    private long _head;

    /// <exception cref="PostgresException">There is no log in this database.</exception>
    public async Task<VerificationReport> VerifyAsync(CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        await using var connection = _connection = await database.OpenConnectionAsync(ct);
        await using (var settings = new NpgsqlCommand(Session, connection))
            await settings.ExecuteNonQueryAsync(ct);
        _head = await ScalarAsync("select coalesce(max(position), 0) from log.chain", ct);
        _checks.Clear();

        await CheckAsync(
            "each link of the chain is the hash of the link before and its events",
            "links",
            LinksAsync,
            ct
        );
        await CheckAsync("positions are 1 to the head without a gap", "events", DensityAsync, ct);
        await CheckAsync("times never go back, and each event has its batch's", "events", TimesAsync, ct);
        await CheckAsync("versions of a stream are 1, 2, 3 … in the order of positions", "events", VersionsAsync, ct);
        await CheckAsync("every event's stream is among the streams", "streams", StreamsAsync, ct);
        await CheckAsync("names are those that events gave to their owners", "names", NamesAsync, ct);
        await CheckAsync("partitions follow on one another and hold the head", "partitions", PartitionsAsync, ct);
        await CheckAsync("checkpoints are not beyond the head", "checkpoints", CheckpointsAsync, ct);
        await CheckAsync("Marten's sequence is at the head", "sequences", SequenceAsync, ct);
        return new(_head, _checks, Stopwatch.GetElapsedTime(started));
    }

    private async Task CheckAsync(
        string what,
        string of,
        Func<Findings, CancellationToken, Task> look,
        CancellationToken ct
    )
    {
        var (started, findings) = (Stopwatch.GetTimestamp(), new Findings());
        await look(findings, ct);
        _checks.Add(new(what, findings.Count, of, findings.Told, Stopwatch.GetElapsedTime(started)));
    }

    private async Task LinksAsync(Findings findings, CancellationToken ct)
    {
        var previous = Array.Empty<byte>();
        for (var after = 0L; after < _head; )
        {
            var links = await ReadLinksAsync(after, ct);
            if (links.Count == 0)
                break;
            Progress("links", links[^1].Position);
            await using var events = await StoredDigests.OpenAsync(_connection, after, links[^1].Position, ct);
            foreach (var (position, at, hash) in links)
            {
                var digests = await events.UpToAsync(position, ct);
                if (digests.IsEmpty)
                    findings.Tell([$"the link at position {position} has no event"]);
                else if (!ChainLink.Compute(previous, after, at, digests.Span).AsSpan().SequenceEqual(hash))
                    findings.Tell([
                        $"the link at position {position} is not the hash of the one before and of the events {after + 1} to {position}: one of them was changed",
                    ]);
                (previous, after) = (hash, position);
                findings.Count++;
            }
        }
    }

    private async Task<List<(long Position, DateTimeOffset At, byte[] Hash)>> ReadLinksAsync(
        long after,
        CancellationToken ct
    )
    {
        await using var command = Command(
            $"select position, at, hash from log.chain where position > {Text(after)} and position <= {Text(_head)} order by position limit {LinksMax}"
        );
        await using var rows = await command.ExecuteReaderAsync(ct);
        var links = new List<(long, DateTimeOffset, byte[])>();
        while (await rows.ReadAsync(ct))
            links.Add((rows.GetInt64(0), rows.GetFieldValue<DateTimeOffset>(1), rows.GetFieldValue<byte[]>(2)));
        return links;
    }

    private async Task DensityAsync(Findings findings, CancellationToken ct)
    {
        await BySpanAsync(
            findings,
            "positions",
            """
            with found as (select e.seq_id, lag(e.seq_id, 1, $1) over (order by e.seq_id) as before from log.mt_events e where e.seq_id > $1 and e.seq_id <= $2),
                 gaps as (select before + 1 as first, seq_id - 1 as last from found where seq_id > before + 1
                          union all select greatest($1, max(seq_id)) + 1, $2 from found having greatest($1, max(seq_id)) < $2)
            select (select count(*) from found),
                   (select (array_agg(case when first = last then format('position %s is missing', first) else format('positions %s to %s are missing', first, last) end order by first))[1:$3] from gaps)
            """,
            ct
        );
        await ListAsync(
            findings,
            """
            select format('position %s, a %s in stream %s, is outside of the chain', e.seq_id, e.type, e.stream_id) from log.mt_events e
            where e.seq_id > (select coalesce(max(position), 0) from log.chain) or e.seq_id < 1 order by e.seq_id limit $1
            """,
            ct
        );
    }

    private Task TimesAsync(Findings findings, CancellationToken ct) =>
        BySpanAsync(
            findings,
            "times",
            """
            with events as (
                select e.seq_id, e.timestamp, lag(e.timestamp) over (order by e.seq_id) as before,
                       (select c.at from log.chain c where c.position >= e.seq_id order by c.position limit 1) as batch
                from log.mt_events e where e.seq_id >= $1 and e.seq_id <= $2)
            select count(*) filter (where seq_id > $1),
                   (array_agg(case when timestamp < before then format('position %s is of %s, before the position before it, of %s', seq_id, timestamp, before)
                                   else format('position %s is of %s, its batch of %s', seq_id, timestamp, batch) end order by seq_id)
                    filter (where seq_id > $1 and (timestamp < before or timestamp is distinct from batch)))[1:$3]
            from events
            """,
            ct
        );

    private async Task VersionsAsync(Findings findings, CancellationToken ct)
    {
        progress?.Invoke("versions");
        findings.Count = await ScalarAsync($"select count(*) from log.mt_events where seq_id <= {Text(_head)}", ct);
        await ListAsync(
            findings,
            $"""
            select format('position %s is version %s of stream %s; it is the %s. event there', seq_id, version, stream_id, place)
            from (select e.seq_id, e.stream_id, e.version, row_number() over (partition by e.stream_id order by e.seq_id) as place
                  from log.mt_events e where e.seq_id <= {Text(_head)}) v
            where version <> place order by seq_id limit $1
            """,
            ct
        );
    }

    private async Task StreamsAsync(Findings findings, CancellationToken ct)
    {
        findings.Count = await ScalarAsync("select count(*) from log.streams", ct);
        await BySpanAsync(
            findings,
            "streams",
            """
            select 0::bigint, (array_agg(format('position %s is in stream %s, of which there is no record', seq_id, stream_id) order by seq_id))[1:$3]
            from (select e.seq_id, e.stream_id from log.mt_events e
                  where e.seq_id > $1 and e.seq_id <= $2 and not exists (select from log.streams s where s.id = e.stream_id)) lost
            """,
            ct
        );
    }

    private async Task NamesAsync(Findings findings, CancellationToken ct)
    {
        findings.Count = await ScalarAsync("select count(*) from log.names", ct);
        foreach (var rule in names)
        {
            var (scope, property) = (Literal(rule.Scope), Literal(rule.Property));
            var types = string.Join(", ", rule.EventTypes.Select(Literal));
            var told = Literal(string.Join(" or ", rule.EventTypes));
            var released = rule.ReleasedBy is null
                ? "false"
                : $"exists (select from log.mt_events r where r.stream_id = {{0}} and r.type = {Literal(rule.ReleasedBy)})";
            const string Hidden = "like 'sealed.1.%'";
            await BySpanAsync(
                findings,
                $"names of the scope {rule.Scope}",
                $"""
                select 0::bigint, (array_agg(format('%s %s: the %s at position %s gave it to %s; %s', {scope}, said.name, said.type, said.seq_id, said.owner,
                                             coalesce('it is held by ' || n.owner, 'nobody holds it')) order by said.seq_id) filter (where n.owner is distinct from said.owner))[1:$3]
                from (select e.seq_id, e.type, e.stream_id as owner, lower(e.data ->> {property}) as name, e.data ->> {property} {Hidden} as hidden from log.mt_events e
                      where e.seq_id > $1 and e.seq_id <= $2 and e.type in ({types}) and e.data ->> {property} is not null
                        and not exists (select from log.mt_events g where g.stream_id = e.stream_id and g.version > e.version and g.type in ({types}) and g.data ->> {property} is not null)
                        and not {released.Replace("{0}", "e.stream_id", StringComparison.Ordinal)}) said
                left join lateral (select n.owner from log.names n where not said.hidden and n.scope = {scope} and n.name = said.name
                                   union all select n.owner from log.names n where said.hidden and n.scope = {scope} and n.owner = said.owner) n on true
                """,
                ct
            );
            // Only names that stood when the head was read can be asked for: the newer ones have newer events.
            await ListAsync(
                findings,
                $"""
                select format('%s %s is held by %s, to whom no %s gave it', n.scope, n.name, n.owner, {told}) from log.names n
                where n.scope = {scope} and not exists (select from log.mt_events e where e.stream_id = n.owner and e.type in ({types})
                                                             and (lower(e.data ->> {property}) = n.name or e.data ->> {property} {Hidden}) and not {released.Replace(
                    "{0}",
                    "n.owner",
                    StringComparison.Ordinal
                )})
                order by n.name limit $1
                """,
                ct
            );
        }
    }

    private async Task PartitionsAsync(Findings findings, CancellationToken ct)
    {
        findings.Count = await ScalarAsync("select count(*) from log.partitions", ct);
        await ListAsync(
            findings,
            """
            with listed as (select p.low, p.high, lag(p.high, 1, 1::bigint) over (order by p.low) as before from log.partitions p),
                 attached as (select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'log.mt_events'::regclass)
            select difference from (
                select low, format('the partition from %s on does not follow on %s, where the one before ends', low, before) as difference from listed where low <> before
                union all
                select low, format('the partition from %s to below %s is not attached so', low, high) from listed l
                where not exists (select from attached a where a.relname = 'mt_events_' || l.low and a.bound = format('FOR VALUES FROM (''%s'') TO (''%s'')', l.low, l.high))
                union all
                select high, format('no partition holds the head, %s; the last ends below %s', head, high) from (select max(high) as high from log.partitions) p,
                    (select coalesce(max(position), 0) as head from log.chain) c where head > 0 and (high is null or head >= high)) d
            order by low limit $1
            """,
            ct
        );
    }

    private async Task CheckpointsAsync(Findings findings, CancellationToken ct)
    {
        findings.Count = await ScalarAsync("select count(*) from log.mt_event_progression", ct);
        await ListAsync(
            findings,
            """
            select format('%s stands at %s, beyond the head', p.name, p.last_seq_id) from log.mt_event_progression p
            where p.last_seq_id > (select coalesce(max(position), 0) from log.chain) order by p.name limit $1
            """,
            ct
        );
    }

    private async Task SequenceAsync(Findings findings, CancellationToken ct)
    {
        findings.Count = 1;
        await ListAsync(
            findings,
            $"""
            select format('mt_events_sequence is at %s, the head was at %s', s.last_value, {Text(
                _head
            )}) from log.mt_events_sequence s where s.last_value < {Text(_head)} limit $1
            """,
            ct
        );
    }

    /// <param name="sql">
    /// Takes the position after which to look, the last one, and how many differences to tell; answers a count and the
    /// differences.
    /// </param>
    private async Task BySpanAsync(Findings findings, string what, string sql, CancellationToken ct)
    {
        await using var command = Command(sql);
        var (after, upTo) = (new NpgsqlParameter<long>(), new NpgsqlParameter<long>());
        command.Parameters.Add(after);
        command.Parameters.Add(upTo);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = DifferencesMax });
        for (var done = 0L; done < _head; done = upTo.TypedValue)
        {
            (after.TypedValue, upTo.TypedValue) = (done, Math.Min(_head, done + SpanMax));
            Progress(what, upTo.TypedValue);
            await using var row = await command.ExecuteReaderAsync(ct);
            await row.ReadAsync(ct);
            findings.Count += row.GetInt64(0);
            if (!row.IsDBNull(1))
                findings.Tell(row.GetFieldValue<string[]>(1));
        }
    }

    /// <param name="sql">Takes how many rows to give; each is a difference.</param>
    private async Task ListAsync(Findings findings, string sql, CancellationToken ct)
    {
        await using var command = Command(sql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = DifferencesMax });
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            findings.Tell([rows.GetString(0)]);
    }

    private async Task<long> ScalarAsync(string sql, CancellationToken ct)
    {
        await using var command = Command(sql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private void Progress(string what, long position) =>
        progress?.Invoke(
            $"{what} {position.ToString("N0", CultureInfo.InvariantCulture)} of {_head.ToString("N0", CultureInfo.InvariantCulture)}"
        );

    private NpgsqlCommand Command(string sql) => new(sql, _connection) { CommandTimeout = 0 };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private sealed class Findings
    {
        public long Count { get; set; }
        public List<string> Told { get; } = [];

        public void Tell(string[] differences) => Told.AddRange(differences.Take(DifferencesMax - Told.Count));
    }
}
