using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Marten;
using Veza.EventStore.Personal;

namespace Veza.Projections.Tests.Marten;

/// <summary>
/// Runs Marten's async daemon with three projections of each kind over a log, and compares its rows with the product's.
/// </summary>
internal sealed class DaemonComparison : IAsyncDisposable
{
    private static readonly TimeSpan CaughtUpWithin = TimeSpan.FromMinutes(2);

    /// <summary>The daemon's rows and the rows of the product's projections, each row one text.</summary>
    private static readonly (string Kind, string Daemon, string Product)[] Pairs =
    [
        (
            "single stream",
            "select concat_ws(' ', id, data ->> 'text', data ->> 'edits') from daemon.mt_doc_messagedocument",
            "select concat_ws(' ', message_id, text, edits) from views.chat_messages"
        ),
        (
            "single stream",
            "select concat_ws(' ', id, data ->> 'title', data ->> 'status') from daemon.mt_doc_trackdocument",
            "select concat_ws(' ', track_id, title, status) from views.music_tracks"
        ),
        (
            "single stream",
            "select concat_ws(' ', data ->> 'follower', data ->> 'followee') from daemon.mt_doc_followdocument",
            "select concat_ws(' ', follower_id, followee_id) from views.social_follows"
        ),
        (
            "multi stream",
            "select concat_ws(' ', id, data ->> 'plays', data ->> 'likes', data ->> 'reposts') "
                + "from daemon.mt_doc_trackcountsdocument",
            "select concat_ws(' ', track_id, plays, likes, reposts) from views.music_track_counts"
        ),
        (
            "multi stream",
            "select concat_ws(' ', id, data ->> 'count') from daemon.mt_doc_tallydocument",
            "select concat_ws(' ', message_id, emoji, count) from views.chat_reaction_tally"
        ),
        (
            "multi stream",
            "select concat_ws(' ', id, data ->> 'count') from daemon.mt_doc_followersdocument",
            "select concat_ws(' ', followee_id, count(*)) from views.social_follows group by followee_id"
        ),
        (
            "flat table",
            "select concat_ws(' ', message_id, text, edits) from daemon.flat_messages",
            "select concat_ws(' ', message_id, text, edits) from views.chat_messages"
        ),
        (
            "flat table",
            "select concat_ws(' ', track_id, plays) from daemon.flat_plays",
            "select concat_ws(' ', track_id, plays) from views.music_track_counts"
        ),
        (
            "flat table",
            "select concat_ws(' ', track_id, likes) from daemon.flat_likes",
            "select concat_ws(' ', track_id, likes) from views.music_track_counts"
        ),
        (
            "custom",
            "select concat_ws(' ', message_id, emoji, member_id) from daemon.reactions",
            "select concat_ws(' ', message_id, emoji, member_id) from views.chat_reactions"
        ),
        (
            "custom",
            "select concat_ws(' ', follower_id, followee_id, position) from daemon.follows",
            "select concat_ws(' ', follower_id, followee_id, position) from views.social_follows"
        ),
        (
            "custom",
            "select concat_ws(' ', message_id, channel_id, position) from daemon.positions",
            "select concat_ws(' ', message_id, channel_id, position) from views.chat_messages"
        ),
    ];

    private readonly NpgsqlDataSource _database;
    private readonly DocumentStore _store;
    private readonly IProjectionDaemon _daemon;

    private DaemonComparison(NpgsqlDataSource database, DocumentStore store, IProjectionDaemon daemon)
    {
        _database = database;
        _store = store;
        _daemon = daemon;
    }

    /// <param name="cipher">Holds the event types and the keys of the log.</param>
    /// <param name="models">The aggregates that can be folded.</param>
    public static async Task<DaemonComparison> StartAsync(
        string connectionString,
        PersonalDataCipher cipher,
        IEnumerable<Type> models,
        CancellationToken ct
    )
    {
        var database = NpgsqlDataSource.Create(connectionString);
        SqlRows[] custom = [new ReactionRows(), new FollowRows(), new MessagePositions()];
        var store = DocumentStore.For(options =>
        {
            options.Connection(connectionString);
            options.DatabaseSchemaName = "daemon";
            options.OpenVezaLog(cipher, models);
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
        await store.MakeDocumentTablesAsync(ct);
        foreach (var rows in custom)
        {
            await using var make = database.CreateCommand(rows.Tables);
            await make.ExecuteNonQueryAsync(ct);
        }
        var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        return new(database, store, daemon);
    }

    public Task CaughtUpAsync() => _daemon.WaitForNonStaleData(CaughtUpWithin);

    public Task StopAsync() => _daemon.StopAllAsync();

    /// <summary>Waits until both have reached the head of a log without writers.</summary>
    public async Task AllEqualAsync(CancellationToken ct)
    {
        foreach (var (kind, made, own) in Pairs)
        {
            var rows = await ListAsync(made, ct);
            Assert.NotEmpty(rows);
            var theirs = await ListAsync(own, ct);
            Assert.True(
                rows.SetEquals(theirs),
                $"{kind}: {made}: {rows.Except(theirs).Count()} rows only there, "
                    + $"{theirs.Except(rows).Count()} only here"
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        _daemon.Dispose();
        await _store.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task<HashSet<string>> ListAsync(string sql, CancellationToken ct)
    {
        await using var command = _database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(ct);
        var all = new HashSet<string>();
        while (await rows.ReadAsync(ct))
            Assert.True(all.Add(rows.GetString(0)));
        return all;
    }
}
