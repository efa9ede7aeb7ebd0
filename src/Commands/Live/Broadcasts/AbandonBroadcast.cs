using Veza.Commands.Dispatching;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>Ends a broadcast whose source stayed away too long. One that has not begun stays open.</summary>
public sealed record AbandonBroadcast(Guid BroadcastId);

public static class AbandonBroadcastHandler
{
    public static IEnumerable<BroadcastEvent> Handle(AbandonBroadcast command, [WriteAggregate] Broadcast broadcast)
    {
        if (broadcast.Status is BroadcastStatus.Live or BroadcastStatus.Interrupted)
            yield return new BroadcastEnded(broadcast.Id, broadcast.OwnerId, BroadcastEnd.Abandoned);
    }
}
