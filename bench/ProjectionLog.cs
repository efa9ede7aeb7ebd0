using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.EventStore;

namespace Veza.Bench;

/// <summary>
/// Logs of millions of the product's events. PostgreSQL generates them in a fraction of the time that appending takes.
/// </summary>
internal static class ProjectionLog
{
    /// <summary>Events in one statement: some tens of megabytes.</summary>
    private const int EventsInStatement = 500_000;

    private const string Functions = """
        create schema if not exists bench;
        create or replace function bench.id(kind text, n bigint) returns uuid language sql immutable as
            $$ select (lpad(to_hex(n), 12, '0') || '7' || substr(md5(kind || n), 1, 19))::uuid $$;
        create or replace function bench.some(n bigint, salt int, below bigint) returns bigint language sql immutable as
            $$ select ((hashint8extended(n, salt) & 1073741823) * greatest(below, 1)) >> 30 $$;
        """;

    private const string Text =
        "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price, "
        + "and the break made me miss my stop.";

    /// <summary>Each SQL text returns the stream, the version, the type and the data for position s.</summary>
    private static readonly Dictionary<string, string> Kinds = new()
    {
        // A hundred plays at a time, of ten events each.
        ["plays"] = """
            select bench.id('play', play), step + 1,
                   case step when 0 then 'play_started' when 9 then 'play_counted' else 'play_progressed' end,
                   jsonb_build_object(
                       'playId', bench.id('play', play), 'trackId', bench.id('track', bench.some(play, 1, 50000)),
                       'ownerId', bench.id('account', bench.some(play, 2, 20000)),
                       'listenerId', bench.id('account', bench.some(play, 3, 20000)),
                       'sessionId', bench.id('session', play), 'durationMs', 200000,
                       'at', '2026-03-01T12:00:00+00:00', 'heardMs', step * 20000, 'positionMs', step * 20000,
                       'ended', step = 9, 'genre', 'Dub')
            from (select ((s - 1) / 1000) * 100 + s % 100 as play, ((s - 1) % 1000) / 100 as step) p
            """,
        // 50,000 tracks, then events that count for them, for the first ones far more often than for the last.
        ["counts"] = """
            select bench.id('count', s), 1,
                   case when s <= 50000 then 'track_uploaded' when s % 10 < 7 then 'play_counted'
                        when s % 10 < 9 then 'track_liked' else 'track_reposted' end,
                   jsonb_build_object(
                       'trackId', bench.id('track', case when s <= 50000 then s
                           else 1 + (bench.some(s, 1, 50000) * bench.some(s, 2, 50000)) / 50000 end),
                       'ownerId', bench.id('account', bench.some(s, 2, 20000)),
                       'accountId', bench.id('account', bench.some(s, 3, 20000)),
                       'listenerId', bench.id('account', 1), 'playId', bench.id('play', s),
                       'sessionId', bench.id('session', s), 'genre', 'Dub', 'heardMs', 31000, 'title', 'Ghost notes',
                       'durationMs', 200000, 'codec', 'flac', 'container', 'flac', 'sampleRateHz', 44100,
                       'channels', 2, 'bytes', 31752044, 'sha256', repeat('a', 64))
            """,
        // One row for each message; one in ten is edited.
        ["messages"] = $"""
            select bench.id('message', m), case when s % 11 = 0 then 2 else 1 end,
                   case when s % 11 = 0 then 'message_edited' else 'message_sent' end,
                   jsonb_build_object(
                       'messageId', bench.id('message', m), 'channelId', bench.id('channel', bench.some(m, 1, 500)),
                       'authorId', bench.id('account', bench.some(m, 2, 20000)), 'text', '{Text}', 'replyTo', null)
            from (select case when s % 11 = 0 then s - 5 else s end as m) p
            """,
        // A busy evening: mostly talk.
        ["mixed"] = $"""
            select bench.id(kind, s), 1, kind,
                   case when kind in ('message_sent', 'message_edited', 'message_deleted', 'reaction_added',
                                      'reaction_removed') then
                       jsonb_build_object(
                           'messageId', bench.id('message', case when kind = 'message_sent' then b * 50 + i
                               else greatest(0, b * 50 - bench.some(s / 4, 1, 500)) end),
                           'channelId', bench.id('channel', bench.some(b, 1, 500)),
                           'authorId', bench.id('account', bench.some(s, 2, 20000)),
                           'memberId', bench.id('account', bench.some(s, 3, 20000)),
                           'byMemberId', bench.id('account', bench.some(s, 3, 20000)),
                           'emoji', case when s % 3 = 0 then '🔥' else '👍' end, 'text', '{Text}', 'replyTo', null)
                   else
                       jsonb_build_object(
                           'playId', bench.id('play', case when kind = 'play_started' then b * 4 + i % 4
                               else greatest(0, b * 4 - bench.some(s, 1, 40)) end),
                           'trackId', bench.id('track', case when kind = 'track_uploaded' then b
                               else bench.some(s, 2, b) end),
                           'ownerId', bench.id('account', bench.some(s, 2, b)),
                           'accountId', bench.id('account', case when kind = 'account_registered' then b
                               else bench.some(s, 3, b) end),
                           'followerId', bench.id('account', bench.some(s, 4, b)),
                           'followeeId', bench.id('account', bench.some(s, 5, b)),
                           'listenerId', bench.id('account', bench.some(s, 3, b)),
                           'communityId', bench.id('community', b % 100), 'memberId', bench.id('account', b),
                           'sessionId', bench.id('session', s), 'at', '2026-03-01T12:00:00+00:00',
                           'userName', 'listener' || b, 'email', b || '@example.org', 'passwordHash', 'x',
                           'heardMs', 31000, 'positionMs', 31000, 'ended', false, 'genre', 'Dub',
                           'title', 'Ghost notes', 'durationMs', 200000, 'codec', 'flac', 'container', 'flac',
                           'sampleRateHz', 44100, 'channels', 2, 'bytes', 31752044, 'sha256', repeat('a', 64))
                   end
            from (select (s - 1) / 100 as b, (s - 1) % 100 as i) p, lateral (select case
                when i < 50 then 'message_sent' when i < 57 then 'message_edited' when i < 59 then 'message_deleted'
                when i < 77 then 'reaction_added' when i < 79 then 'reaction_removed' when i < 83 then 'play_started'
                when i < 89 then 'play_progressed' when i < 92 then 'play_counted' when i < 95 then 'track_liked'
                when i < 97 then 'follow_started' when i < 98 then 'track_uploaded'
                when i < 99 then 'account_registered' else 'member_joined' end as kind) k
            """,
    };

    /// <summary>
    /// Creates a log of <paramref name="events"/> events in a new database, or uses the one of an earlier run.
    /// </summary>
    public static async Task<string> FillAsync(string server, string kind, long events)
    {
        var name = $"bench_{kind}_{events}";
        var database = new NpgsqlConnectionStringBuilder(server)
        {
            Database = name,
            CommandTimeout = 0,
        }.ConnectionString;
        await using (var admin = NpgsqlDataSource.Create(server))
        {
            if (await AskAsync<long>(admin, $"select count(*) from pg_database where datname = '{name}'") > 0)
                return database;
            await RunAsync(admin, $"create database {name}");
        }
        await using (await OpenAsync(database)) { }
        if (events == 0)
            return database;
        await using var log = NpgsqlDataSource.Create(database);
        await RunAsync(log, Functions);
        for (long from = 1; from <= events; from += EventsInStatement)
        {
            var upTo = Math.Min(events, from + EventsInStatement - 1);
            await RunAsync(
                log,
                $"""
                set synchronous_commit = off;
                insert into log.mt_events (seq_id, id, stream_id, version, type, data, timestamp, causation_id,
                                           user_name)
                select s, bench.id('event', s), e.stream, e.version, e.type, e.data,
                       now() + s * interval '1 millisecond' - interval '3 hours', bench.id('command', s)::text,
                       bench.id('account', s % 20000)::text
                from generate_series({from}::bigint, {upTo}::bigint) s,
                     lateral ({Kinds[kind]}) e(stream, version, type, data)
                """
            );
        }
        await RunAsync(log, $"insert into log.chain (position, at, hash) values ({events}, now(), '')");
        await RunAsync(log, "vacuum analyze log.mt_events");
        await RunAsync(log, "checkpoint");
        return database;
    }

    /// <summary>Opens a node on a log of the product's events.</summary>
    public static Task<EventLog> OpenAsync(string database) =>
        EventLog.OpenAsync(
            database,
            VezaApplication.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: new(new byte[32])
        );

    public static async Task<T> AskAsync<T>(NpgsqlDataSource database, string sql)
    {
        await using var ask = database.CreateCommand(sql);
        ask.CommandTimeout = 0;
        return (T)(await ask.ExecuteScalarAsync())!;
    }

    public static async Task RunAsync(NpgsqlDataSource database, string sql)
    {
        await using var run = database.CreateCommand(sql);
        run.CommandTimeout = 0;
        await run.ExecuteNonQueryAsync();
    }
}
