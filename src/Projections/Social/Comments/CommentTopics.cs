using Veza.Domain.Social.Comments;
using Veza.Projections.Topics;

namespace Veza.Projections.Social.Comments;

public sealed class CommentTopics : EventTopics
{
    public CommentTopics() => On<TrackCommented>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
}
