using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Listening;

/// <summary>Reports a play's progress. The same report again changes nothing.</summary>
/// <param name="ListenerId">The account that reports.</param>
/// <param name="HeardMs">Milliseconds heard so far in this play, without pauses and skipped parts.</param>
/// <param name="PositionMs">The listener's place in the track, in milliseconds.</param>
/// <param name="Ended">Whether this is the play's last report.</param>
public sealed record ReportPlay(Guid PlayId, Guid ListenerId, long HeardMs, long PositionMs, bool Ended);

public sealed class ReportPlayValidator : AbstractValidator<ReportPlay>
{
    public ReportPlayValidator()
    {
        RuleFor(c => c.HeardMs)
            .GreaterThanOrEqualTo(0)
            .WithMessage("heardMs is {PropertyValue}; at least 0 is allowed");
        RuleFor(c => c.PositionMs)
            .GreaterThanOrEqualTo(0)
            .WithMessage("positionMs is {PropertyValue}; at least 0 is allowed");
    }
}

public static class ReportPlayHandler
{
    public static Refusal? Validate(ReportPlay command, Play play, DateTimeOffset now)
    {
        if (play.ListenerId != command.ListenerId)
            return ListeningRefusals.NotTheListener;
        if (IsRepeated(command, play))
            return null;
        if (play.Ended)
            return ListeningRefusals.PlayEnded;
        if (command.HeardMs < play.HeardMs)
            return ListeningRefusals.HeardBackwards(command.HeardMs, play.HeardMs);
        if (command.HeardMs > play.HeardMsMax(now))
            return ListeningRefusals.HeardTooFast(command.HeardMs, play.HeardMsMax(now));
        if (command.PositionMs > play.DurationMs + Play.ToleranceMs)
            return ListeningRefusals.PositionPastEnd(command.PositionMs, play.DurationMs);
        return null;
    }

    public static IEnumerable<Effect> Handle(
        ReportPlay command,
        [WriteAggregate] Play play,
        [ReadAggregate] CountedListen? listen,
        [ReadAggregate] Track track
    )
    {
        if (IsRepeated(command, play))
            yield break;
        yield return Effect.Append<Play>(
            play.Id,
            new PlayProgressed(
                play.Id,
                play.TrackId,
                play.ListenerId,
                command.HeardMs,
                command.PositionMs,
                command.Ended
            )
        );
        if (listen is null && Counts(command, play))
            yield return Effect.Append<CountedListen>(
                CountedListen.StreamId(play.ListenerId, play.TrackId, play.SessionId),
                new PlayCounted(
                    play.Id,
                    play.TrackId,
                    track.OwnerId,
                    play.ListenerId,
                    play.SessionId,
                    track.Genre,
                    command.HeardMs
                )
            );
    }

    /// <summary><c>counted</c>: whether this play is the one that counts, by this report or an earlier one.</summary>
    public static object Answer(ReportPlay command, Play play, CountedListen? listen) =>
        new { id = play.Id, counted = listen is null ? Counts(command, play) : listen.PlayId == play.Id };

    private static bool Counts(ReportPlay command, Play play) => command.HeardMs >= Play.CountedFromMs(play.DurationMs);

    private static bool IsRepeated(ReportPlay command, Play play) =>
        (command.HeardMs, command.PositionMs, command.Ended) == (play.HeardMs, play.PositionMs, play.Ended);
}
