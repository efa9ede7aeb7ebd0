using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Tracks;

/// <summary>Makes a track of a file that was looked at and kept. Its copies are made because this happened.</summary>
/// <param name="Sha256">Of the file, in lower-case hexadecimal.</param>
/// <param name="DurationMs">Of the sound as decoded; this and what follows comes from looking at the file, not from who sent it.</param>
public sealed record UploadTrack(
    Guid TrackId, Guid OwnerId, string Title, string? Genre, string? Description, long Bytes, string Sha256,
    long DurationMs, string Codec, int SampleRateHz, int Channels, string? Container = null);

public sealed class UploadTrackValidator : AbstractValidator<UploadTrack>
{
    public UploadTrackValidator()
    {
        RuleFor(c => c.Title).MustBeLine(Track.TitleMax);
        RuleFor(c => c.Genre!).MustBeLine(Track.GenreMax).When(c => c.Genre is not null);
        RuleFor(c => c.Description!).MustBeText(Track.DescriptionBytesMax, "the limit of a description").When(c => c.Description is not null);
    }
}

public static class UploadTrackHandler
{
    public static Effect Handle(UploadTrack c) =>
        Effect.Start<Track>(c.TrackId, new TrackUploaded(
            c.TrackId, c.OwnerId, c.Title, c.Genre, c.Description, c.Bytes, c.Sha256, c.DurationMs, c.Codec, c.SampleRateHz, c.Channels, c.Container));
}
