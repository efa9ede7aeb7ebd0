using Veza.Domain.Music.Tracks;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Tracks;

/// <summary>A copy of a track for streaming.</summary>
public sealed record RenditionRow(Guid TrackId, string Format, int BitrateKbps, long Bytes);

public sealed class RenditionsProjection : Projection<RenditionRow, (Guid TrackId, string Format)>
{
    public const string ProjectionName = "music.renditions.v1";

    public override string Name => ProjectionName;

    public RenditionsProjection() => Identities<TrackProcessed>(e => e.Renditions.Select(r => (e.TrackId, r.Format)));

    public static RenditionRow Create(TrackProcessed e, (Guid TrackId, string Format) key)
    {
        var made = e.Renditions.First(r => r.Format == key.Format);
        return new(e.TrackId, made.Format, made.BitrateKbps, made.Bytes);
    }
}
