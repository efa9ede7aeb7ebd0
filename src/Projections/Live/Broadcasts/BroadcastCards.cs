using Veza.Domain.Live.Broadcasts;
using Veza.EventStore.Projections;

namespace Veza.Projections.Live.Broadcasts;

/// <summary>What a feed shows of a broadcast.</summary>
public sealed record BroadcastCard(Guid BroadcastId, string Title);

public sealed class BroadcastCardsProjection : Projection<BroadcastCard, Guid>
{
    public override string Name => "live.broadcast_cards.v1";

    public BroadcastCardsProjection() => Identity<BroadcastCreated>(e => e.BroadcastId);

    public static BroadcastCard Create(BroadcastCreated e) => new(e.BroadcastId, e.Title);
}

/// <summary>A broadcast in a feed.</summary>
public sealed record BroadcastCardView(Guid Id, string Title);
