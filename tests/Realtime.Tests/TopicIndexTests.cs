using Veza.EventStore.Events;
using Veza.Fixtures;
using Veza.Projections.Registry;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

public class TopicIndexTests
{
    /// <summary>
    /// The contents of <c>log.topics.v7</c> for each event. A change needs a new version, or resuming by the old rows
    /// would skip events.
    /// </summary>
    private static readonly string[] Held =
    [
        "broadcast_created: Broadcast, Account",
        "broadcast_ended: Broadcast, Account, Withdrawn",
        "broadcast_interrupted: Broadcast, Account",
        "broadcast_resumed: Broadcast, Account",
        "broadcast_started: Broadcast, Account, Activity",
        "channel_changed: Channel, Community",
        "channel_created: Channel, Community",
        "channel_deleted: Channel, Community, Visibility",
        "channel_placed: Channel, Community",
        "channel_read: Account",
        "community_created: Account, Community",
        "follow_started: Account, Account, Access, Followers",
        "follow_stopped: Account, Account, Access, Followers",
        "member_banned: Account, Community",
        "member_joined: Account, Access, Community",
        "member_kicked: Account, Community",
        "member_left: Account, Access, Community",
        "member_role_given: Account, Access, Community",
        "member_role_taken: Account, Access, Community",
        "member_time_out_ended: Account, Community",
        "member_timed_out: Account, Community",
        "member_unbanned: Account, Community",
        "message_deleted: Channel",
        "message_edited: Channel",
        "message_sent: Channel",
        "overwrite_removed: Channel, Community, Visibility",
        "overwrite_set: Channel, Community, Visibility",
        "play_counted: Track, chart:top, chart:trending, Private",
        "reaction_added: Channel",
        "reaction_removed: Channel",
        "role_changed: Community, Visibility",
        "role_created: Community, Visibility",
        "role_deleted: Community, Visibility",
        "role_moved: Community",
        "session_ended: Access",
        "track_commented: Track, Account",
        "track_liked: Track, Account",
        "track_processed: Track, Account",
        "track_processing_failed: Track, Account, Withdrawn",
        "track_repost_removed: Track, Account, Withdrawn",
        "track_reposted: Track, Account, Activity",
        "track_unliked: Track, Account",
        "track_uploaded: Track, Account, Activity",
    ];

    [Fact]
    public void A_change_of_what_the_index_holds_is_a_new_version_of_it()
    {
        Assert.Equal("log.topics.v7", TopicIndexProjection.ProjectionName);
        var map = TopicRegistry.Map;
        var held = new List<string>();
        foreach (
            var name in typeof(TopicIndexTests)
                .Assembly.GetManifestResourceNames()
                .Where(n => n.EndsWith(".v1.json", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        )
        {
            using var stream = typeof(TopicIndexTests).Assembly.GetManifestResourceStream(name)!;
            using var json = new MemoryStream();
            stream.CopyTo(json);
            var e = new RecordedEvent(
                1,
                Guid.Empty,
                Guid.Empty,
                1,
                name[..name.IndexOf('.', StringComparison.Ordinal)],
                default,
                Guid.Empty,
                null,
                json.ToArray(),
                TestLog.EventTypes
            );
            var topics = map.TopicsOf(e).Select(t => t.Kind == TopicKind.Chart ? t.ToString() : t.Kind.ToString());
            if (topics.Any())
                held.Add($"{e.Type}: {string.Join(", ", topics)}");
        }
        Assert.Equal(string.Join('\n', Held), string.Join('\n', held));
    }
}
