using Veza.Domain.Live.Broadcasts;

namespace Veza.Realtime.Live.Broadcasts;

internal sealed class BroadcastTopics : EventTopics
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
