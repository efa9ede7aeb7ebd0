using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Tracks;

/// <summary>Creates a track from a file that the API has probed and stored. A reactor makes its copies.</summary>
/// <param name="Sha256">Of the file, in lower-case hexadecimal.</param>
/// <param name="DurationMs">
/// Of the decoded sound. This and the parameters after it come from probing the file, not from the caller.
/// </param>
/// <param name="StorageBytesMax">The setting MAX_STORAGE_PER_ACCOUNT.</param>
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
    /// <see cref="Handle"/> appends to the account's storage at the version that this method sees. So concurrent
    /// uploads cannot exceed the limits together.
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
