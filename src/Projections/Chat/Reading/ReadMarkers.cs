using Veza.Domain.Chat.Reading;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Reading;

/// <summary>The position up to which a member has read a channel.</summary>
public sealed record ReadMarkerRow(Guid ChannelId, Guid MemberId, long UpTo);

public sealed class ReadMarkersProjection : Projection<ReadMarkerRow, (Guid ChannelId, Guid MemberId)>
{
    public const string ProjectionName = "chat.read_markers.v1";

    public override string Name => ProjectionName;

    public ReadMarkersProjection() => Identity<ChannelRead>(e => (e.ChannelId, e.MemberId));

    public static ReadMarkerRow Create(ChannelRead e) => new(e.ChannelId, e.MemberId, e.UpTo);

    public static ReadMarkerRow Apply(ChannelRead e, ReadMarkerRow row) => row with { UpTo = e.UpTo };
}
