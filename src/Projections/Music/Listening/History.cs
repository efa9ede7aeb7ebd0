using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Listening;

/// <summary>A play in its listener's history.</summary>
/// <param name="At">When it began.</param>
/// <param name="Position">Of its beginning: the order of the history.</param>
public sealed record HistoryPlayRow(
    Guid PlayId,
    Guid ListenerId,
    Guid TrackId,
    DateTimeOffset At,
    long HeardMs,
    bool Counted,
    long Position
);

public sealed class HistoryProjection : Projection<HistoryPlayRow, Guid>
{
    public override string Name => "music.history.v1";

    public HistoryProjection()
    {
        Identity<PlayStarted>(e => e.PlayId);
        Identity<PlayProgressed>(e => e.PlayId);
        Identity<PlayCounted>(e => e.PlayId);
        Index("listener_id, position desc");
    }

    public static HistoryPlayRow Create(PlayStarted e, RecordedEvent at) =>
        new(e.PlayId, e.ListenerId, e.TrackId, at.At, 0, Counted: false, at.Position);

    public static HistoryPlayRow Apply(PlayProgressed e, HistoryPlayRow row) => row with { HeardMs = e.HeardMs };

    public static HistoryPlayRow Apply(PlayCounted _, HistoryPlayRow row) => row with { Counted = true };
}
