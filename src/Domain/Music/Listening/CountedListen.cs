namespace Veza.Domain.Music.Listening;

/// <summary>The one play of a track that counts for a listener within a session.</summary>
public sealed record CountedListen(Guid PlayId)
{
    // Every stream stores this type, which is older than the record's name.
    public const string StreamType = "hearing";

    public static Guid StreamId(Guid listenerId, Guid trackId, Guid sessionId) =>
        StreamIds.Of("hearing", StreamIds.Of("hearing", listenerId, trackId), sessionId);

    public static CountedListen Create(PlayCounted e) => new(e.PlayId);
}
