namespace Veza.Domain.Music.Listening;

/// <summary>A listener's hearing of a track within one sign-in session: the one play of it that was counted.</summary>
public sealed record CountedListen(Guid PlayId)
{
    public static Guid StreamId(Guid listenerId, Guid trackId, Guid sessionId) =>
        StreamIds.Of("hearing", StreamIds.Of("hearing", listenerId, trackId), sessionId);

    public static CountedListen Create(PlayCounted e) => new(e.PlayId);
}
