using Veza.Domain.Live.Broadcasts;
using Veza.Projections.Topics;

namespace Veza.Projections.Live.Broadcasts;

public sealed class BroadcastTopics : EventTopics
{
    public BroadcastTopics()
    {
        On<BroadcastCreated>(e => [Topic.Broadcast(e.BroadcastId), Topic.Account(e.OwnerId)]);
        On<BroadcastStarted>(e =>
            [Topic.Broadcast(e.BroadcastId), Topic.Account(e.OwnerId), Topic.Activity(e.OwnerId)]
        );
        On<BroadcastInterrupted>(e => [Topic.Broadcast(e.BroadcastId), Topic.Account(e.OwnerId)]);
        On<BroadcastResumed>(e => [Topic.Broadcast(e.BroadcastId), Topic.Account(e.OwnerId)]);
        On<BroadcastEnded>(e => [Topic.Broadcast(e.BroadcastId), Topic.Account(e.OwnerId), Topic.Withdrawn(e.OwnerId)]);
    }
}
