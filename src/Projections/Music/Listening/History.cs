using Veza.Domain.Music.Listening;
using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Listening;

/// <summary>A play in its listener's history.</summary>
/// <param name="At">When it began.</param>
/// <param name="Position">Of its beginning: the order of the history.</param>
public sealed record HistoryPlay(Guid PlayId, Guid ListenerId, Guid TrackId, DateTimeOffset At, long HeardMs, bool Counted, long Position);

public sealed class HistoryProjection : Projection<HistoryPlay, Guid>
{
    public override string Name => "music.history.v1";

    public HistoryProjection()
    {
        Identity<PlayStarted>(e => e.PlayId);
        Identity<PlayProgressed>(e => e.PlayId);
        Identity<PlayCounted>(e => e.PlayId);
        Index("listener_id, position desc");
    }

    public static HistoryPlay Create(PlayStarted e, RecordedEvent at) => new(e.PlayId, e.ListenerId, e.TrackId, at.At, 0, Counted: false, at.Position);
    public static HistoryPlay Apply(PlayProgressed e, HistoryPlay row) => row with { HeardMs = e.HeardMs };
    public static HistoryPlay Apply(PlayCounted _, HistoryPlay row) => row with { Counted = true };
}
