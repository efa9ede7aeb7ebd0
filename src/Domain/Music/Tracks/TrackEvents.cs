namespace Veza.Domain.Music.Tracks;

public abstract record TrackEvent : DomainEvent;

/// <param name="Container">
/// The file's format, for its content type: <c>wav</c>, <c>flac</c>, <c>mp4</c> …; null for older uploads.
/// </param>
public sealed record TrackUploaded(
    Guid TrackId,
    Guid OwnerId,
    [property: Personal(nameof(TrackUploaded.OwnerId))] string Title,
    [property: Personal(nameof(TrackUploaded.OwnerId))] string? Genre,
    [property: Personal(nameof(TrackUploaded.OwnerId))] string? Description,
    long Bytes,
    string Sha256,
    long DurationMs,
    string Codec,
    int SampleRateHz,
    int Channels,
    string? Container = null
) : TrackEvent;

public sealed record TrackProcessed(Guid TrackId, Guid OwnerId, IReadOnlyList<Rendition> Renditions) : TrackEvent;

public sealed record TrackProcessingFailed(Guid TrackId, Guid OwnerId, string Reason) : TrackEvent;

/// <param name="Format"><c>opus</c> or <c>mp3</c>.</param>
public sealed record Rendition(string Format, int BitrateKbps, long Bytes);
