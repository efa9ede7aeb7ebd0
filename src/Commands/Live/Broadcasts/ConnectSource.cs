using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>
/// Records that the broadcast's source connected, for the first time or again. The node that receives the sound sends
/// it.
/// </summary>
public sealed record ConnectSource(Guid BroadcastId, string ContentType);

public static class ConnectSourceHandler
{
    public const string NodeLost = "node_lost";

    public static Refusal? Validate(ConnectSource command, Broadcast broadcast, [ReadAggregate] Account? owner)
    {
        if (broadcast.Status == BroadcastStatus.Ended)
            return BroadcastRefusals.Ended;
        return owner is null ? null : CallerRefusals.Of(owner);
    }

    public static IEnumerable<BroadcastEvent> Handle(ConnectSource command, [WriteAggregate] Broadcast broadcast)
    {
        if (broadcast.Status == BroadcastStatus.Waiting)
        {
            yield return new BroadcastStarted(broadcast.Id, broadcast.OwnerId, command.ContentType);
            yield break;
        }
        // The broadcast is live without a source: the source's former node died without an event.
        if (broadcast.Status == BroadcastStatus.Live)
            yield return new BroadcastInterrupted(broadcast.Id, broadcast.OwnerId, NodeLost);
        yield return new BroadcastResumed(broadcast.Id, broadcast.OwnerId);
    }
}
