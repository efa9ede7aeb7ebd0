using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.Domain.Music.Listening;

namespace Veza.Commands.Music.Listening;

/// <summary>The refusals of reports about plays.</summary>
public static class ListeningRefusals
{
    public static readonly Refusal NotTheListener = new(
        "not_the_listener",
        RefusalKind.NotAllowed,
        "only who listens may report how a play goes"
    );
    public static readonly Refusal PlayEnded = new(
        "play_ended",
        RefusalKind.Conflict,
        "this play has ended; start another"
    );

    public static Refusal HeardTooFast(long heardMs, long heardMsMax) =>
        new(
            "heard_too_fast",
            RefusalKind.Conflict,
            string.Create(
                CultureInfo.InvariantCulture,
                $"heardMs is {heardMs:N0}; at most {heardMsMax:N0} can have been heard by now, "
                    + $"with {Play.ToleranceMs:N0} of tolerance"
            )
        );

    public static Refusal HeardBackwards(long heardMs, long heardBeforeMs) =>
        new(
            "heard_backwards",
            RefusalKind.Conflict,
            string.Create(
                CultureInfo.InvariantCulture,
                $"heardMs is {heardMs:N0}; {heardBeforeMs:N0} were reported before, and it only grows"
            )
        );

    public static Refusal PositionPastEnd(long positionMs, long durationMs) =>
        new(
            "position_past_end",
            RefusalKind.Invalid,
            string.Create(CultureInfo.InvariantCulture, $"positionMs is {positionMs:N0}; the track has {durationMs:N0}")
        );
}
