using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Commands.Music;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Comments;

namespace Veza.Commands.Social.Comments;

/// <summary>Adds a comment at a moment of a track.</summary>
/// <param name="AtMs">From 0 to the track's duration.</param>
public sealed record CommentOnTrack(Guid CommentId, Guid TrackId, Guid AuthorId, string Text, long AtMs);

public sealed class CommentOnTrackValidator : AbstractValidator<CommentOnTrack>
{
    public CommentOnTrackValidator() => RuleFor(c => c.Text).MustBeText(Comment.TextBytesMax, "the limit of a comment");
}

public static class CommentOnTrackHandler
{
    public static Refusal? Validate(CommentOnTrack command, [ReadAggregate] Track track) =>
        command.AtMs < 0 || command.AtMs > track.DurationMs
            ? MusicRefusals.OutsideTrack("atMs", command.AtMs, track.DurationMs)
            : null;

    public static Effect Handle(CommentOnTrack command, [ReadAggregate] Track track) =>
        Effect.Start<Comment>(
            command.CommentId,
            new TrackCommented(command.CommentId, track.Id, track.OwnerId, command.AuthorId, command.Text, command.AtMs)
        );
}
