using Veza.Realtime.Engine;
using Veza.Realtime.Music.Listening;

namespace Veza.Realtime;

/// <summary>The event types that clients do not see as they are stored.</summary>
public static class EventShapes
{
    public static IReadOnlyList<ItemShape> All { get; } = [PlayCountedItem.Shape];
}
