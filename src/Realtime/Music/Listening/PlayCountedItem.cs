using Veza.Domain.Music.Listening;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Music.Listening;

/// <summary>A counted play as everyone may see it: without its listener.</summary>
public sealed record PlayCountedItem(Guid PlayId, Guid TrackId, Guid OwnerId, string? Genre)
{
    internal static ItemShape Shape { get; } =
        ItemShape.Of<PlayCounted>(e => new PlayCountedItem(e.PlayId, e.TrackId, e.OwnerId, e.Genre), anonymous: true);
}
