using System.Collections.Immutable;

namespace Veza.Domain.Live.Broadcasts;

/// <summary>
/// The broadcasts of an account that may be open. An ended one leaves the list when the next is created.
/// </summary>
/// <remarks>Broadcasts older than the count are not included.</remarks>
public sealed record OpenBroadcasts(Guid OwnerId, ImmutableList<Guid> BroadcastIds)
{
    public static Guid StreamId(Guid ownerId) => StreamIds.Of("open_broadcasts", ownerId, ownerId);

    public static OpenBroadcasts Create(BroadcastCounted e) => new(e.OwnerId, [e.BroadcastId]);

    public OpenBroadcasts Apply(BroadcastCounted e) =>
        this with
        {
            BroadcastIds = BroadcastIds.RemoveRange(e.EndedIds).Add(e.BroadcastId),
        };
}
