using System.Text.Json.Serialization;

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

/// <param name="Waveforms">Null for a track without a drawing of its sound: an older one, or one that failed.</param>
public sealed record TrackProcessed(
    Guid TrackId,
    Guid OwnerId,
    IReadOnlyList<Rendition> Renditions,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<Waveform>? Waveforms = null
) : TrackEvent;

public sealed record TrackProcessingFailed(Guid TrackId, Guid OwnerId, string Reason) : TrackEvent;

/// <param name="Format"><c>opus</c> or <c>mp3</c>.</param>
public sealed record Rendition(string Format, int BitrateKbps, long Bytes);

/// <summary>The peaks of a track's sound at one level of detail.</summary>
/// <param name="Level"><c>overview</c> or <c>fine</c>.</param>
/// <param name="SamplesPerPoint">At the track's sample rate.</param>
public sealed record Waveform(string Level, int SamplesPerPoint, int Points, long Bytes);
