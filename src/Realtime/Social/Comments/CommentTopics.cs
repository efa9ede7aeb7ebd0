using Veza.Domain.Social.Comments;

namespace Veza.Realtime.Social.Comments;

internal sealed class CommentTopics : EventTopics
{
    public CommentTopics() => On<TrackCommented>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
}
