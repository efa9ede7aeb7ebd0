using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Tracks;

/// <summary>
/// A track as it was uploaded, and how far it is. What is counted about it is kept apart, so that a busy counter does
/// not rewrite this.
/// </summary>
/// <param name="Genre">As its owner wrote it; compare <c>lower(genre)</c>.</param>
/// <param name="Failure">Why it failed, for its owner.</param>
/// <param name="Position">Of the upload: the order of tracks, for everybody.</param>
public sealed record TrackRow(
    Guid TrackId,
    Guid OwnerId,
    string Title,
    string? Genre,
    string? Description,
    long DurationMs,
    string Codec,
    string? Container,
    int SampleRateHz,
    int Channels,
    TrackStatus Status,
    string? Failure,
    long Bytes,
    string Sha256,
    DateTimeOffset CreatedAt,
    long Position,
    long Version
)
{
    /// <summary>
    /// What an erased account's tracks are called where they are still named, such as in the histories of those who
    /// heard them.
    /// </summary>
    public const string ErasedTitle = "deleted track";
}

public sealed class TracksProjection : Projection<TrackRow, Guid>
{
    public override string Name => "music.tracks.v2";

    public TracksProjection()
    {
        Identity<TrackUploaded>(e => e.TrackId);
        Identity<TrackProcessed>(e => e.TrackId);
        Identity<TrackProcessingFailed>(e => e.TrackId);
        Index("owner_id, position");
        Erases<AccountErased>(
            e => e.AccountId,
            "owner_id",
            ("title", TrackRow.ErasedTitle),
            ("genre", null),
            ("description", null),
            ("status", nameof(TrackStatus.Failed)),
            ("failure", "its owner has gone")
        );
    }

    public static TrackRow Create(TrackUploaded e, RecordedEvent at) =>
        new(
            e.TrackId,
            e.OwnerId,
            e.Title,
            e.Genre,
            e.Description,
            e.DurationMs,
            e.Codec,
            e.Container,
            e.SampleRateHz,
            e.Channels,
            TrackStatus.Processing,
            null,
            e.Bytes,
            e.Sha256,
            at.At,
            at.Position,
            at.Version
        );

    public static TrackRow Apply(TrackProcessed _, TrackRow row, RecordedEvent at) =>
        row with
        {
            Status = TrackStatus.Ready,
            Version = at.Version,
        };

    public static TrackRow Apply(TrackProcessingFailed e, TrackRow row, RecordedEvent at) =>
        row with
        {
            Status = TrackStatus.Failed,
            Failure = e.Reason,
            Version = at.Version,
        };
}
