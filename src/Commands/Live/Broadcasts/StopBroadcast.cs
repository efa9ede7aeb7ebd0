using Veza.Commands.Dispatching;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>Ends a broadcast. Stopping it again changes nothing.</summary>
/// <param name="Moderates">
/// Whether the caller is an operator or moderator of the platform, who may end every broadcast.
/// </param>
public sealed record StopBroadcast(Guid BroadcastId, Guid AccountId, bool Moderates = false);

public static class StopBroadcastHandler
{
    public static Refusal? Validate(StopBroadcast command, Broadcast broadcast) =>
        broadcast.OwnerId == command.AccountId || command.Moderates ? null : BroadcastRefusals.NotTheOwner;

    public static IEnumerable<BroadcastEvent> Handle(StopBroadcast command, [WriteAggregate] Broadcast broadcast)
    {
        if (broadcast.Status == BroadcastStatus.Ended)
            yield break;
        var isOwner = broadcast.OwnerId == command.AccountId;
        if (!isOwner)
            yield return new BroadcastTakenDown(broadcast.Id, broadcast.OwnerId, command.AccountId);
        var reason = isOwner ? BroadcastEnd.Stopped : BroadcastEnd.TakenDown;
        yield return new BroadcastEnded(broadcast.Id, broadcast.OwnerId, reason);
    }
}
