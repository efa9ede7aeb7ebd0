namespace Veza.Domain.Music.Tracks;

public abstract record TrackEvent : DomainEvent;
public sealed record TrackUploaded(
    Guid TrackId, Guid OwnerId, string Title, string? Genre, string? Description, long Bytes, string Sha256,
    long DurationMs, string Codec, int SampleRateHz, int Channels) : TrackEvent;
public sealed record TrackProcessed(Guid TrackId, Guid OwnerId, IReadOnlyList<Rendition> Renditions) : TrackEvent;
public sealed record TrackProcessingFailed(Guid TrackId, Guid OwnerId, string Reason) : TrackEvent;

/// <param name="Format"><c>opus</c> or <c>mp3</c>.</param>
public sealed record Rendition(string Format, int BitrateKbps, long Bytes);
