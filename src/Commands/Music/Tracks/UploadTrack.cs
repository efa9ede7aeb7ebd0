using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Tracks;

/// <summary>Makes a track of a file that was looked at and kept. Its copies are made because this happened.</summary>
/// <param name="Sha256">Of the file, in lower-case hexadecimal.</param>
/// <param name="DurationMs">
/// Of the sound as decoded; this and what follows comes from looking at the file, not from who sent it.
/// </param>
/// <param name="StorageBytesMax">MAX_STORAGE_PER_ACCOUNT.</param>
public sealed record UploadTrack(
    Guid TrackId,
    Guid OwnerId,
    string Title,
    string? Genre,
    string? Description,
    long Bytes,
    string Sha256,
    long DurationMs,
    string Codec,
    int SampleRateHz,
    int Channels,
    string? Container = null,
    long StorageBytesMax = Storage.BytesMaxDefault
);

public sealed class UploadTrackValidator : AbstractValidator<UploadTrack>
{
    public UploadTrackValidator()
    {
        RuleFor(c => c.Title).MustBeLine(Track.TitleMax);
        RuleFor(c => c.Genre!).MustBeLine(Track.GenreMax).When(c => c.Genre is not null);
        RuleFor(c => c.Description!)
            .MustBeText(Track.DescriptionBytesMax, "the limit of a description")
            .When(c => c.Description is not null);
    }
}

public static class UploadTrackHandler
{
    /// <remarks>
    /// The account's storage is appended to at the version looked at here, so that uploads beside each other cannot
    /// pass the limits together.
    /// </remarks>
    public static Refusal? Validate(UploadTrack c, [ReadAggregate] Storage? storage)
    {
        if (storage?.Processing.Count >= Storage.ProcessingMax)
            return MusicRefusals.TooManyProcessing(storage.Processing.Count);
        var used = storage?.UsedBytes ?? 0;
        var needed = c.Bytes + Storage.CopiesBytes(c.DurationMs);
        return used + needed > c.StorageBytesMax ? MusicRefusals.QuotaExceeded(used, needed, c.StorageBytesMax) : null;
    }

    public static IEnumerable<Effect> Handle(UploadTrack c, [ReadAggregate] Storage? storage)
    {
        yield return Effect.Start<Track>(
            c.TrackId,
            new TrackUploaded(
                c.TrackId,
                c.OwnerId,
                c.Title,
                c.Genre,
                c.Description,
                c.Bytes,
                c.Sha256,
                c.DurationMs,
                c.Codec,
                c.SampleRateHz,
                c.Channels,
                c.Container
            )
        );
        yield return Effect.Append<Storage>(
            Storage.StreamId(c.OwnerId),
            new StorageReserved(c.OwnerId, c.TrackId, c.Bytes, Storage.CopiesBytes(c.DurationMs))
        );
    }
}
