using System.Collections.Immutable;
using System.Diagnostics;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Postgres;
using Veza.Projections;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Reading;

namespace Veza.Bench;

/// <summary>
/// Pages of a channel of a million messages, unread counts of 1,000 channels, and what a member with 30 roles may do in
/// a channel with 50 overwrites.
/// </summary>
internal static class ChatBench
{
    private const int PageSize = 51;
    private const int RolesOfMember = 30;
    private const int Overwrites = 50;
    private const int DecisionsAtOnce = 1_000;

    public static async Task<int> RunAsync(Options options)
    {
        var time = TimeSpan.FromSeconds(options.Number("--seconds", 5));
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        await using var tables = await BenchTables.OpenAsync(postgres.ConnectionString);
        await FillAsync(tables);
        var views = new ReadModels(tables.Database);
        var (messages, unread) = (new MessageQueries(views), new UnreadQueries(views));
        var (channel, reader) = (await tables.IdAsync("big"), await tables.IdAsync("account1"));
        Report.Machine($"a million messages; pages of {PageSize - 1}; {time.TotalSeconds} s each");
        Report.Head("per second", "P50 ms", "P99 ms");
        var none = CancellationToken.None;
        await RowAsync("history, newest page", () => messages.BeforeAsync(channel, null, PageSize, reader, none));
        await RowAsync("history, oldest page", () => messages.AfterAsync(channel, 0, PageSize, reader, none));
        await RowAsync("history, around a message in the middle", () =>
            messages.AroundAsync(channel, 500_000, PageSize / 2, PageSize, reader, none)
        );
        await RowAsync("unread of two communities with 500 channels each", () =>
            unread.CommunitiesAsync(reader, 0, PageSize, [], none)
        );
        PermissionRow(time);
        return 0;

        async Task RowAsync(string name, Func<Task> act)
        {
            var figures = await Measure.ClosedLoopAsync(1, time, async _ =>
            {
                await act();
                return 1;
            });
            Report.Row(name, figures.PerSecond, figures.P50, figures.P99);
        }
    }

    /// <summary>The percentiles are of a thousand decisions at a time: one is too short to be timed.</summary>
    private static void PermissionRow(TimeSpan time)
    {
        var id = Guid.CreateVersion7();
        var roles = Enumerable
            .Range(1, RolesOfMember)
            .Select(rank => new Role(Guid.CreateVersion7(), rank, "role", 0, Permission.SendMessages, false, false))
            .ToImmutableDictionary(role => role.Id)
            .Add(id, Role.Everyone(id));
        var community = new Community(id, Guid.CreateVersion7(), roles, ImmutableDictionary<Guid, ChannelPlace>.Empty);
        var member = new Member(id, Guid.CreateVersion7(), Present: true, [.. roles.Keys.Where(role => role != id)]);
        var targets = roles.Keys.Concat(
            Enumerable.Range(0, Overwrites - roles.Count).Select(_ => Guid.CreateVersion7())
        );
        var channel = Channel.Create(new(Guid.CreateVersion7(), id, "talk", ChannelKind.Text, null, 0)) with
        {
            Overwrites = targets.ToImmutableDictionary(
                target => target,
                _ => new Overwrite(Permission.AddReactions, Permission.AttachFiles)
            ),
        };
        var latencies = new List<float>();
        var now = DateTimeOffset.UnixEpoch;
        for (var until = Stopwatch.StartNew(); until.Elapsed < time; )
        {
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < DecisionsAtOnce; i++)
                Permissions.Of(member, community, now, channel);
            latencies.Add((float)Stopwatch.GetElapsedTime(started).TotalMicroseconds / DecisionsAtOnce);
        }
        var sorted = latencies.Order().ToArray();
        Report.Head("per second", "P50 µs", "P99 µs");
        var median = Measure.Percentile(sorted, 0.50);
        Report.Row("permissions, 30 roles, 50 overwrites", 1e6 / median, median, Measure.Percentile(sorted, 0.99));
    }

    /// <summary>
    /// "account1" is in two communities of 500 channels, each with 30 messages of others after its marker.
    /// </summary>
    private static Task FillAsync(BenchTables tables) =>
        tables.FillAsync([
            """
            insert into views.accounts_profiles_v1
            select md5('account' || i)::uuid, 'account' || i, i || '@example.org', now(), i
            from generate_series(1, 1000) i
            """,
            """
            insert into views.chat_messages_v1 (message_id, channel_id, author_id, text, reply_to, sent_at, edited_at,
                                                edits, position, version)
            select md5('message' || p)::uuid, md5('big')::uuid, md5('account' || 1 + p % 1000)::uuid,
                   'Has anybody heard the B-side of the new one yet?', null, now(), null, 0, p, 1
            from generate_series(1, 1000000) p
            """,
            """
            insert into views.chat_communities_v1 (id, name, owner_id, member_count, created_at)
            select md5('community' || c)::uuid, 'community ' || c, md5('account2')::uuid, 2, now()
            from generate_series(1, 2) c
            """,
            """
            insert into views.chat_members_v1 (community_id, member_id, joined_at, position)
            select md5('community' || c)::uuid, md5('account1')::uuid, now(), c from generate_series(1, 2) c
            """,
            """
            insert into views.chat_channels_v2 (id, community_id, name, kind, topic, slow_mode_seconds, nsfw,
                                                category_id, rank, position)
            select md5('channel' || i)::uuid, md5('community' || 1 + i % 2)::uuid, 'channel ' || i, 'Text', null, 0,
                   false, null, i, i
            from generate_series(1, 1000) i
            """,
            """
            insert into views.chat_messages_v1 (message_id, channel_id, author_id, text, reply_to, sent_at, edited_at,
                                                edits, position, version)
            select md5('said' || i || ' ' || m)::uuid, md5('channel' || i)::uuid, md5('account2')::uuid, 'hello', null,
                   now(), null, 0, 1000000 + i * 100 + m, 1
            from generate_series(1, 1000) i, generate_series(1, 60) m
            """,
            """
            insert into views.chat_read_markers_v1 (channel_id, member_id, up_to)
            select md5('channel' || i)::uuid, md5('account1')::uuid, 1000000 + i * 100 + 30
            from generate_series(1, 1000) i
            """,
        ]);
}
