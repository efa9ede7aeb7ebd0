using Veza.Projections.Accounts;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Reading;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Live.Broadcasts;
using Veza.Projections.Music.Listening;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Comments;
using Veza.Projections.Social.Follows;
using Veza.Projections.Social.Likes;
using Veza.Projections.Topics;

namespace Veza.Projections.Registry;

/// <summary>Which topics every event of the product is on.</summary>
public static class TopicRegistry
{
    /// <summary>Every capability's declarations. Add a new one here; a test fails while it is missing.</summary>
    public static IReadOnlyList<EventTopics> All { get; } =
    [
        new SessionTopics(),
        new ChannelTopics(),
        new CommunityTopics(),
        new MemberTopics(),
        new MessageTopics(),
        new ReadingTopics(),
        new RoleTopics(),
        new BroadcastTopics(),
        new PlayTopics(),
        new TrackTopics(),
        new CommentTopics(),
        new FollowTopics(),
        new LikeTopics(),
    ];

    public static TopicMap Map { get; } = new(All);
}
