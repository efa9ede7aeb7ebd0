using Veza.Domain.Accounts;
using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Charts;

/// <summary>
/// All plays of a track, for the charts of all time: what would otherwise be summed from every hour there ever was.
/// </summary>
/// <param name="Genre">As it stood when the last play was counted.</param>
/// <param name="Trend">
/// The binary logarithm of the plays' weights summed, plus the half-lives from the epoch to the hour they are weighed
/// at. Weights fade alike for all, so that tracks rank by it at whatever moment.
/// </param>
/// <param name="Position">Of the last play.</param>
public sealed record PlayTotalsRow(Guid TrackId, Guid OwnerId, long Plays, string? Genre, double Trend, long Position);

public sealed class PlayTotalsProjection : Projection<PlayTotalsRow, Guid>
{
    public override string Name => "music.play_totals.v2";

    public PlayTotalsProjection()
    {
        Identity<PlayCounted>(e => e.TrackId);
        Index("plays desc, position");
        Index("trend desc, position");
        Index("lower(genre), plays desc, position");
        Index("lower(genre), trend desc, position");
        Index("owner_id");
        Erases<AccountErased>(e => e.AccountId, "owner_id", ("genre", null));
    }

    public static PlayTotalsRow Create(PlayCounted e, RecordedEvent at) =>
        new(e.TrackId, e.OwnerId, 1, e.Genre, HalfLives(at), at.Position);

    public static PlayTotalsRow Apply(PlayCounted e, PlayTotalsRow row, RecordedEvent at) =>
        row with
        {
            Plays = row.Plays + 1,
            Genre = e.Genre,
            Trend = Sum(row.Trend, HalfLives(at)),
            Position = at.Position,
        };

    /// <summary>From the epoch to the hour of a play, which weighs 1 then.</summary>
    private static double HalfLives(RecordedEvent at) =>
        (HourlyPlaysProjection.HourOf(at.At) - DateTimeOffset.UnixEpoch) / ChartQueries.HalfLife(ChartSpan.All);

    /// <returns>
    /// The logarithm of the sum of what two logarithms stand for, which are far too large to be numbers themselves.
    /// </returns>
    private static double Sum(double one, double other) =>
        Math.Max(one, other) + Math.Log2(1 + Math.Pow(2, -Math.Abs(one - other)));
}
