using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Listening;

/// <summary>A play in its listener's history.</summary>
/// <param name="At">When the play began.</param>
/// <param name="Position">The position of the play's first event, which orders the history.</param>
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
    public const string ProjectionName = "music.history.v1";

    public override string Name => ProjectionName;

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
