using JasperFx.Events.Projections;
using Marten;
using Veza.EventStore.Marten;
using Veza.Fixtures;

namespace Veza.Projections.Tests.Marten;

/// <summary>Marten's async daemon and the product's own runner, over one log, come to the same rows.</summary>
public class MartenDaemonTests
{
    private static readonly TimeSpan CaughtUpWithin = TimeSpan.FromMinutes(2);

    /// <summary>What the daemon made, and what the product's projections say of the same; each row one text.</summary>
    private static readonly (string Kind, string Daemon, string Product)[] Pairs =
    [
        (
            "single stream",
            "select concat_ws(' ', id, data ->> 'text', data ->> 'edits') from daemon.mt_doc_messagedocument",
            "select concat_ws(' ', message_id, text, edits) from views.chat_messages"),
        (
            "single stream",
            "select concat_ws(' ', id, data ->> 'title', data ->> 'status') from daemon.mt_doc_trackdocument",
            "select concat_ws(' ', track_id, title, status) from views.music_tracks"),
        (
            "single stream",
            "select concat_ws(' ', data ->> 'follower', data ->> 'followee') from daemon.mt_doc_followdocument",
            "select concat_ws(' ', follower_id, followee_id) from views.social_follows"),
        (
            "multi stream",
            "select concat_ws(' ', id, data ->> 'plays', data ->> 'likes', data ->> 'reposts') from daemon.mt_doc_trackcountsdocument",
            "select concat_ws(' ', track_id, plays, likes, reposts) from views.music_track_counts"),
        (
            "multi stream",
            "select concat_ws(' ', id, data ->> 'count') from daemon.mt_doc_tallydocument",
            "select concat_ws(' ', message_id, emoji, count) from views.chat_reaction_tally"),
        (
            "multi stream",
            "select concat_ws(' ', id, data ->> 'count') from daemon.mt_doc_followersdocument",
            "select concat_ws(' ', followee_id, count(*)) from views.social_follows group by followee_id"),
        (
            "flat table",
            "select concat_ws(' ', message_id, text, edits) from daemon.flat_messages",
            "select concat_ws(' ', message_id, text, edits) from views.chat_messages"),
        (
            "flat table",
            "select concat_ws(' ', track_id, plays) from daemon.flat_plays",
            "select concat_ws(' ', track_id, plays) from views.music_track_counts"),
        (
            "flat table",
            "select concat_ws(' ', track_id, likes) from daemon.flat_likes",
            "select concat_ws(' ', track_id, likes) from views.music_track_counts"),
        (
            "custom",
            "select concat_ws(' ', message_id, emoji, member_id) from daemon.reactions",
            "select concat_ws(' ', message_id, emoji, member_id) from views.chat_reactions"),
        (
            "custom",
            "select concat_ws(' ', follower_id, followee_id, position) from daemon.follows",
            "select concat_ws(' ', follower_id, followee_id, position) from views.social_follows"),
        (
            "custom",
            "select concat_ws(' ', message_id, channel_id, position) from daemon.positions",
            "select concat_ws(' ', message_id, channel_id, position) from views.chat_messages"),
    ];

    [Fact]
    public async Task Three_projections_of_each_kind_give_the_rows_of_the_products_own()
    {
        // A log of its own: nobody else writes to it between the two readings.
        var log = new TestLog();
        await log.InitializeAsync();
        try
        {
            for (var round = 0; round < 3; round++)
                await log.Given(RebuildTests.History()).PlayAsync();
            SqlRows[] custom = [new ReactionRows(), new FollowRows(), new MessagePositions()];
            await using var store = log.OpenMarten(options =>
            {
                options.DatabaseSchemaName = "daemon";
                options.Projections.Add<MessageDocuments>(ProjectionLifecycle.Async);
                options.Projections.Add<TrackDocuments>(ProjectionLifecycle.Async);
                options.Projections.Add<FollowDocuments>(ProjectionLifecycle.Async);
                options.Projections.Add<TrackCountsDocuments>(ProjectionLifecycle.Async);
                options.Projections.Add<TallyDocuments>(ProjectionLifecycle.Async);
                options.Projections.Add<FollowersDocuments>(ProjectionLifecycle.Async);
                options.Projections.Add<FlatMessages>(ProjectionLifecycle.Async);
                options.Projections.Add<FlatPlays>(ProjectionLifecycle.Async);
                options.Projections.Add<FlatLikes>(ProjectionLifecycle.Async);
                foreach (var rows in custom)
                    options.Projections.Add(rows, ProjectionLifecycle.Async, rows.GetType().Name);
            });
            await store.MakeDocumentTablesAsync(TestContext.Current.CancellationToken);
            foreach (var rows in custom)
                await RunAsync(log, rows.Tables);

            using var daemon = await store.BuildProjectionDaemonAsync();
            await daemon.StartAllAsync();
            await daemon.WaitForNonStaleData(CaughtUpWithin);
            // More, for a daemon that is at the head.
            await log.Given(RebuildTests.History()).PlayAsync();
            await daemon.WaitForNonStaleData(CaughtUpWithin);
            await daemon.StopAllAsync();
            await log.ProjectedAsync();

            foreach (var (kind, made, own) in Pairs)
            {
                var rows = await ListAsync(log, made);
                Assert.NotEmpty(rows);
                Assert.True(rows.SetEquals(await ListAsync(log, own)), $"{kind}: {made}");
            }
        }
        finally
        {
            await log.DisposeAsync();
        }
    }

    private static async Task RunAsync(TestLog log, string sql)
    {
        await using var command = log.Log.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<HashSet<string>> ListAsync(TestLog log, string sql)
    {
        await using var command = log.Log.Database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var all = new HashSet<string>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken))
            Assert.True(all.Add(rows.GetString(0)));
        return all;
    }
}
