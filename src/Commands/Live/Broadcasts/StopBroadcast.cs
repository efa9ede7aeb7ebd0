using Veza.Commands.Dispatching;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>Ends a broadcast for good. Stopping it again changes nothing.</summary>
public sealed record StopBroadcast(Guid BroadcastId, Guid AccountId);

public static class StopBroadcastHandler
{
    public static Refusal? Validate(StopBroadcast command, Broadcast broadcast) => broadcast.OwnerId == command.AccountId ? null : BroadcastRefusals.NotTheOwner;

    public static IEnumerable<BroadcastEvent> Handle(StopBroadcast command, [WriteModel] Broadcast broadcast)
    {
        if (broadcast.Status != BroadcastStatus.Ended) yield return new BroadcastEnded(broadcast.Id, broadcast.OwnerId, "stopped");
    }
}
