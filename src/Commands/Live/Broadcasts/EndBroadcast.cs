using Veza.Commands.Dispatching;
using Veza.Domain.Live.Broadcasts;

namespace Veza.Commands.Live.Broadcasts;

/// <summary>
/// Ends a broadcast because its account was erased or suspended. An ended broadcast stays as it is.
/// </summary>
/// <param name="Reason">One of <see cref="BroadcastEnd"/>.</param>
public sealed record EndBroadcast(Guid BroadcastId, string Reason);

public static class EndBroadcastHandler
{
    public static IEnumerable<BroadcastEvent> Handle(EndBroadcast command, [WriteAggregate] Broadcast broadcast)
    {
        if (broadcast.Status == BroadcastStatus.Ended)
            yield break;
        yield return new BroadcastEnded(broadcast.Id, broadcast.OwnerId, command.Reason);
    }
}
