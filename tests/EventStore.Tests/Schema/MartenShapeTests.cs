using Npgsql;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Schema;

/// <summary>What a Marten 9 application finds when it is pointed at the schema <c>log</c>, asked for in plain SQL as Marten asks.</summary>
public class MartenShapeTests(LogFixture fixture)
{
    /// <summary>Long enough for the maintenance, which runs every second, on a busy machine.</summary>
    private static readonly TimeSpan MaintainedWithin = TimeSpan.FromSeconds(30);

    private const string DefaultTenant = "'*DEFAULT*'::character varying";

    /// <summary>table.column: type, nullable or not, default.</summary>
    private static readonly string[] Expected =
    [
        "mt_event_progression.agent_status: character varying(20) null",
        "mt_event_progression.assigned_node: integer null default 0",
        "mt_event_progression.critical_behind_threshold: bigint null",
        "mt_event_progression.failure_category: character varying(50) null",
        "mt_event_progression.failure_event_sequence: bigint null",
        "mt_event_progression.failure_event_tenant_id: character varying(500) null",
        "mt_event_progression.failure_event_type: character varying(500) null",
        "mt_event_progression.heartbeat: timestamp with time zone null",
        "mt_event_progression.last_seq_id: bigint null",
        "mt_event_progression.last_updated: timestamp with time zone null default transaction_timestamp()",
        "mt_event_progression.mode: character varying null default 'none'::character varying",
        "mt_event_progression.name: character varying not null",
        "mt_event_progression.pause_reason: text null",
        "mt_event_progression.rebuild_threshold: integer null default 0",
        "mt_event_progression.running_on_node: integer null",
        "mt_event_progression.warning_behind_threshold: bigint null",
        "mt_events.bdata: bytea null",
        "mt_events.causation_id: character varying null",
        "mt_events.correlation_id: character varying null",
        "mt_events.data: jsonb not null",
        "mt_events.headers: jsonb null",
        "mt_events.id: uuid not null",
        "mt_events.is_archived: boolean null default false",
        "mt_events.mt_dotnet_type: character varying null",
        "mt_events.seq_id: bigint not null",
        "mt_events.stream_id: uuid null",
        $"mt_events.tenant_id: character varying null default {DefaultTenant}",
        // Marten's own default is the moment the table was made; ours is never used, as every batch says its time.
        "mt_events.timestamp: timestamp with time zone not null default now()",
        "mt_events.type: character varying(500) not null",
        "mt_events.user_name: character varying null",
        "mt_events.version: bigint not null",
        "mt_high_water_skips.ending_sequence: bigint not null",
        "mt_high_water_skips.starting_sequence: bigint not null",
        "mt_high_water_skips.timestamp: timestamp with time zone null default transaction_timestamp()",
        // A view over the streams and their newest events: it can be read, and has no constraints of its own.
        "mt_streams.compacted_version: bigint null",
        "mt_streams.created: timestamp with time zone null",
        "mt_streams.id: uuid null",
        "mt_streams.is_archived: boolean null",
        "mt_streams.tenant_id: character varying null",
        "mt_streams.timestamp: timestamp with time zone null",
        "mt_streams.type: character varying null",
        "mt_streams.version: bigint null",
    ];

    [Fact]
    public async Task Tables_and_columns_are_Martens()
    {
        await using var log = await fixture.OpenNewAsync();
        var columns = await ListAsync(log, """
            select c.table_name || '.' || c.column_name || ': ' || c.data_type || coalesce('(' || c.character_maximum_length || ')', '')
                   || case c.is_nullable when 'YES' then ' null' else ' not null' end || coalesce(' default ' || c.column_default, '')
            from information_schema.columns c
            where c.table_schema = 'log' and c.table_name in ('mt_streams', 'mt_events', 'mt_event_progression', 'mt_high_water_skips')
            order by c.table_name collate "C", c.column_name collate "C"
            """);
        Assert.Equal(Expected, columns);
        // Whose numbers nobody draws: what it says is the head.
        Assert.Equal(["1 f"], await ListAsync(log, "select concat_ws(' ', last_value, is_called) from log.mt_events_sequence"));
    }

    [Fact]
    public async Task An_event_is_written_as_Marten_would_name_it()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 5, "five"), new Cleared(stream))));
        // Without a tenant: Marten's reader leaves the event it made as it is, which is the default tenant's.
        Assert.Equal(
        [
            "counted Veza.EventStore.Tests.Counted, Veza.EventStore.Tests f five 5",
            "cleared Veza.EventStore.Tests.Cleared, Veza.EventStore.Tests f",
        ], await ListAsync(log, "select concat_ws(' ', type, mt_dotnet_type, tenant_id, is_archived, data ->> 'note', data ->> 'by') from log.mt_events order by seq_id"));
        Assert.All([typeof(Counted), typeof(Cleared)], t => Assert.NotNull(Type.GetType(Types.Describe(t).DotNetType)));
    }

    [Fact]
    public async Task A_stream_is_fetched_with_its_state()
    {
        await using var log = await fixture.OpenNewAsync();
        var (stream, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 1), new Counted(stream, 2)), Change(other, 0, new Counted(other, 9))));
        await log.Appender.AppendAsync(Command(Change(stream, 2, new Counted(stream, 3))));

        Assert.Equal([$"{stream} counter 3 f"], await ListAsync(log,
            "select concat_ws(' ', id, type, version, is_archived) from (select id, version, type, timestamp, created as timestamp, is_archived from log.mt_streams where id = $1) s", stream));
        Assert.Equal([$"{other} 1"], await ListAsync(log, "select concat_ws(' ', id, version) from log.mt_streams where id = $1", other));
        Assert.Empty(await ListAsync(log, "select id::text from log.mt_streams where id = $1", Guid.CreateVersion7()));
        const string Fetch = """
            select concat_ws(' ', version, data ->> 'by') from (
                select d.data, d.type, d.mt_dotnet_type, d.seq_id, d.id, d.stream_id, d.version, d.timestamp, d.tenant_id, d.causation_id, d.correlation_id, d.headers, d.user_name, d.is_archived
                from log.mt_events as d where d.stream_id = $1 and d.version <= $2 and d.is_archived = FALSE order by d.version) e
            """;
        Assert.Equal(["1 1", "2 2", "3 3"], await ListAsync(log, Fetch, stream, long.MaxValue));
        Assert.Equal(["1 1", "2 2"], await ListAsync(log, Fetch, stream, 2L));
        // The stream's times: begun with its first event, changed with its last.
        Assert.Equal(["t"], await ListAsync(log, """
            select case when s.created = min(e.timestamp) and s.timestamp = max(e.timestamp) then 't' end from log.mt_streams s join log.mt_events e on e.stream_id = s.id
            where s.id = $1 group by s.created, s.timestamp
            """, stream));
    }

    [Fact]
    public async Task The_daemon_finds_the_high_water_mark_without_a_gap_and_loads_up_to_it()
    {
        await using var log = await fixture.OpenNewAsync();
        for (var i = 0; i < 5; i++)
        {
            var stream = Guid.CreateVersion7();
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, i), new Cleared(stream))));
            // A refused command burns no position.
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, i))));
            Assert.Equal([$"{log.Head}"], await ListAsync(log, "select last_value::text from log.mt_events_sequence"));
        }
        Assert.Equal(10, log.Head);
        Assert.Empty(await ListAsync(log, """
            select seq_id::text from (select seq_id, lead(seq_id) over (order by seq_id) as no from log.mt_events where seq_id >= $1) ct where no is not null and no - seq_id > 1 limit 1
            """, 0L));
        Assert.Equal(["10"], await ListAsync(log, "select max(seq_id)::text from log.mt_events where seq_id >= $1", 0L));
        Assert.Equal(["4 counter", "5 counter", "6 counter"], await ListAsync(log, """
            select concat_ws(' ', seq_id, stream_type) from (
                select d.data, d.type, d.mt_dotnet_type, d.seq_id, d.id, d.stream_id, d.version, d.timestamp, d.tenant_id, d.is_archived, s.type as stream_type
                from log.mt_events as d inner join log.mt_streams as s on d.stream_id = s.id
                where d.seq_id > $1 and d.seq_id <= $2 and d.is_archived = FALSE order by d.seq_id limit 500) e
            """, 3L, 6L));
        Assert.Empty(await ListAsync(log, "select ending_sequence::text from log.mt_high_water_skips"));
    }

    [Fact]
    public async Task The_high_water_mark_follows_the_head()
    {
        await using var log = await fixture.OpenNewAsync();
        for (var round = 0; round < 2; round++)
        {
            await log.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Cleared(Guid.Empty), new Cleared(Guid.Empty))));
            await Eventually.TrueAsync(async () => await MarkAsync(log) >= log.Head, MaintainedWithin);
            Assert.Equal(log.Head, await MarkAsync(log));
        }
    }

    /// <summary>As Marten's detector asks: the mark with its times.</summary>
    private static async Task<long> MarkAsync(EventLog log)
    {
        var rows = await ListAsync(log, """
            select last_seq_id::text from (select last_seq_id, last_updated, transaction_timestamp() as timestamp from log.mt_event_progression where name = 'HighWaterMark') m
            where last_updated <= timestamp
            """);
        return rows.Count == 0 ? 0 : long.Parse(rows[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<List<string>> ListAsync(EventLog log, string sql, params object[] values)
    {
        await using var command = log.Database.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var list = new List<string>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken)) list.Add(rows.GetString(0));
        return list;
    }
}
