using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Listening;

/// <summary>Says how far a play has come. The same report again changes nothing.</summary>
/// <param name="ListenerId">Who reports.</param>
/// <param name="HeardMs">Heard so far in this play, pauses and skipped parts left out.</param>
/// <param name="PositionMs">Where in the track the listener is.</param>
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
    public static Refusal? Validate(ReportPlay command, Play play, DateTimeOffset now) =>
        play.ListenerId != command.ListenerId ? ListeningRefusals.NotTheListener
        : IsKnown(command, play) ? null
        : play.Ended ? ListeningRefusals.PlayEnded
        : command.HeardMs < play.HeardMs ? ListeningRefusals.HeardBackwards(command.HeardMs, play.HeardMs)
        : command.HeardMs > play.HeardMsMax(now) ? ListeningRefusals.HeardTooFast(command.HeardMs, play.HeardMsMax(now))
        : command.PositionMs > play.DurationMs + Play.ToleranceMs
            ? ListeningRefusals.PositionPastEnd(command.PositionMs, play.DurationMs)
        : null;

    public static IEnumerable<Effect> Handle(
        ReportPlay command,
        [WriteAggregate] Play play,
        [ReadAggregate] CountedListen? listen,
        [ReadAggregate] Track track
    )
    {
        if (IsKnown(command, play))
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

    /// <summary><c>counted</c>: whether this play is the one that was counted, now or by an earlier report.</summary>
    public static object Answer(ReportPlay command, Play play, CountedListen? listen) =>
        new { id = play.Id, counted = listen is null ? Counts(command, play) : listen.PlayId == play.Id };

    private static bool Counts(ReportPlay command, Play play) => command.HeardMs >= Play.CountedFromMs(play.DurationMs);

    private static bool IsKnown(ReportPlay command, Play play) =>
        (command.HeardMs, command.PositionMs, command.Ended) == (play.HeardMs, play.PositionMs, play.Ended);
}
