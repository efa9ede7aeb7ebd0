using Veza.Domain;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Comments;
using Veza.Domain.Social.Follows;
using Veza.Domain.Social.Likes;
using Veza.EventStore.Projections;

namespace Veza.Projections.Counts;

/// <summary>The numbers that are shown of something: of a track, an account, a community, a message.</summary>
public enum CountedNumber
{
    Plays,
    Likes,
    Reposts,
    Comments,
    Followers,
    Following,
    Tracks,
    Members,
    Reactions,
}

/// <summary>One event that a number was counted from. A number is the sum of its changes.</summary>
/// <param name="SubjectId">The track, account, community or message.</param>
/// <param name="Emoji">Of reactions, which are counted for each; empty for all other numbers.</param>
/// <param name="Change">1 or -1.</param>
public sealed record CountedEventRow(Guid SubjectId, CountedNumber Number, string Emoji, long Position, int Change);

/// <remarks>It points at the log and repeats nothing of it; the primary key is what a page is read by.</remarks>
public sealed class CountedEventsProjection
    : Projection<CountedEventRow, (Guid SubjectId, CountedNumber Number, string Emoji, long Position)>
{
    public override string Name => "counts.events.v1";

    public CountedEventsProjection()
    {
        One<PlayCounted>(CountedNumber.Plays, e => e.TrackId);
        One<TrackLiked>(CountedNumber.Likes, e => e.TrackId);
        One<TrackUnliked>(CountedNumber.Likes, e => e.TrackId);
        One<TrackReposted>(CountedNumber.Reposts, e => e.TrackId);
        One<TrackRepostRemoved>(CountedNumber.Reposts, e => e.TrackId);
        One<TrackCommented>(CountedNumber.Comments, e => e.TrackId);
        One<TrackUploaded>(CountedNumber.Tracks, e => e.OwnerId);
        One<MemberJoined>(CountedNumber.Members, e => e.CommunityId);
        One<MemberLeft>(CountedNumber.Members, e => e.CommunityId);
        Identity<ReactionAdded>((e, at) => (e.MessageId, CountedNumber.Reactions, e.Emoji, at.Position));
        Identity<ReactionRemoved>((e, at) => (e.MessageId, CountedNumber.Reactions, e.Emoji, at.Position));
        Identities<FollowStarted>(
            (e, at) =>
                [
                    (e.FollowerId, CountedNumber.Following, "", at.Position),
                    (e.FolloweeId, CountedNumber.Followers, "", at.Position),
                ]
        );
        Identities<FollowStopped>(
            (e, at) =>
                [
                    (e.FollowerId, CountedNumber.Following, "", at.Position),
                    (e.FolloweeId, CountedNumber.Followers, "", at.Position),
                ]
        );
    }

    public static CountedEventRow Create(PlayCounted _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(TrackLiked _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(TrackUnliked _, (Guid, CountedNumber, string, long) key) => Row(key, -1);

    public static CountedEventRow Create(TrackReposted _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(TrackRepostRemoved _, (Guid, CountedNumber, string, long) key) => Row(key, -1);

    public static CountedEventRow Create(TrackCommented _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(TrackUploaded _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(MemberJoined _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(MemberLeft _, (Guid, CountedNumber, string, long) key) => Row(key, -1);

    public static CountedEventRow Create(ReactionAdded _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(ReactionRemoved _, (Guid, CountedNumber, string, long) key) => Row(key, -1);

    public static CountedEventRow Create(FollowStarted _, (Guid, CountedNumber, string, long) key) => Row(key, 1);

    public static CountedEventRow Create(FollowStopped _, (Guid, CountedNumber, string, long) key) => Row(key, -1);

    private void One<TEvent>(CountedNumber number, Func<TEvent, Guid> subject)
        where TEvent : DomainEvent => Identity<TEvent>((e, at) => (subject(e), number, "", at.Position));

    private static CountedEventRow Row(
        (Guid SubjectId, CountedNumber Number, string Emoji, long Position) key,
        int change
    ) => new(key.SubjectId, key.Number, key.Emoji, key.Position, change);
}
