using Veza.EventStore.Projections;
using Veza.Projections.Accounts;
using Veza.Projections.Chat.Channels;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Members;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Reading;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Counts;
using Veza.Projections.Live.Broadcasts;
using Veza.Projections.Music.Charts;
using Veza.Projections.Music.Listening;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Comments;
using Veza.Projections.Social.Feed;
using Veza.Projections.Social.Follows;
using Veza.Projections.Social.Likes;
using Veza.Projections.Topics;

namespace Veza.Projections.Registry;

/// <summary>Every projection that the product runs.</summary>
public static class ProjectionRegistry
{
    /// <summary>The read models. Add a new one here; a test fails while it is missing.</summary>
    public static IReadOnlyList<IProjection> ReadModels() =>
        [
            new AccountCountsProjection(),
            new AccountEmailsProjection(),
            new AccountRolesProjection(),
            new ApiKeysProjection(),
            new ProfilesProjection(),
            new SecurityEventsProjection(),
            new SessionsProjection(),
            new ChannelsProjection(),
            new CommunitiesProjection(),
            new MembersProjection(),
            new SanctionsProjection(),
            new ChannelMessagesProjection(),
            new MemberReactionsProjection(),
            new ReactionTallyProjection(),
            new ReadMarkersProjection(),
            new MemberRolesProjection(),
            new OverwritesProjection(),
            new RolesProjection(),
            new CountedEventsProjection(),
            new BroadcastsProjection(),
            new HourlyPlaysProjection(),
            new PlayTotalsProjection(),
            new HistoryProjection(),
            new RenditionsProjection(),
            new TrackCountsProjection(),
            new TracksProjection(),
            new WaveformsProjection(),
            new CommentsProjection(),
            new ActivitiesProjection(),
            new FollowsProjection(),
            new LikesProjection(),
        ];

    /// <summary>The read models and the index of topics, new instances, ordered by name.</summary>
    public static IReadOnlyList<IProjection> All() =>
        [
            .. ReadModels()
                .Append(new TopicIndexProjection(TopicRegistry.Map))
                .OrderBy(p => p.Name, StringComparer.Ordinal),
        ];
}
