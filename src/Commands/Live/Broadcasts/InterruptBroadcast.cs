using Veza.Commands.Dispatching;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>Records that the source is gone. Listeners stay connected for a while in case it comes back.</summary>
public sealed record InterruptBroadcast(Guid BroadcastId, string Reason);

public static class InterruptBroadcastHandler
{
    public static IEnumerable<BroadcastEvent> Handle(InterruptBroadcast command, [WriteAggregate] Broadcast broadcast)
    {
        if (broadcast.Status == BroadcastStatus.Live)
            yield return new BroadcastInterrupted(broadcast.Id, broadcast.OwnerId, command.Reason);
    }
}
