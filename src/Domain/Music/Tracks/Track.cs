namespace Veza.Domain.Music.Tracks;

public enum TrackStatus
{
    Processing,
    Ready,
    Failed,
}

/// <summary>A track, as far as decisions need it.</summary>
/// <param name="Genre">As its owner wrote it. Readers compare genres without regard to case.</param>
public sealed record Track(
    Guid Id,
    Guid OwnerId,
    [property: Personal(nameof(Track.OwnerId))] string? Genre,
    long DurationMs,
    TrackStatus Status
)
{
    public const int TitleMax = 200;
    public const int GenreMax = 50;

    /// <summary>About two pages of text: liner notes.</summary>
    public const int DescriptionBytesMax = 10_000;

    public static Track Create(TrackUploaded e) =>
        new(e.TrackId, e.OwnerId, e.Genre, e.DurationMs, TrackStatus.Processing);

    public Track Apply(TrackProcessed _) => this with { Status = TrackStatus.Ready };

    public Track Apply(TrackProcessingFailed _) => this with { Status = TrackStatus.Failed };
}
