using Veza.Domain.Accounts;
using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Charts;

/// <summary>
/// All plays of a track, for the charts of all time, which would otherwise be summed from every hour.
/// </summary>
/// <param name="Genre">The track's genre when the newest play was counted.</param>
/// <param name="Trend">
/// The binary logarithm of the sum of the plays' weights, plus the half-lives from the epoch to the hour of weighing.
/// All weights fade at the same rate, so the ranking by it holds at any moment.
/// </param>
/// <param name="Position">The position of the newest play.</param>
public sealed record PlayTotalsRow(Guid TrackId, Guid OwnerId, long Plays, string? Genre, double Trend, long Position);

public sealed class PlayTotalsProjection : Projection<PlayTotalsRow, Guid>
{
    public const string ProjectionName = "music.play_totals.v2";

    public override string Name => ProjectionName;

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

    /// <summary>Half-lives from the epoch to the hour of a play, which weighs 1 in that hour.</summary>
    private static double HalfLives(RecordedEvent at) =>
        (HourlyPlaysProjection.HourOf(at.At) - DateTimeOffset.UnixEpoch) / ChartQueries.HalfLife(ChartSpan.All);

    /// <returns>
    /// The logarithm of the sum of two numbers given by their logarithms, as the numbers exceed a double.
    /// </returns>
    private static double Sum(double one, double other) =>
        Math.Max(one, other) + Math.Log2(1 + Math.Pow(2, -Math.Abs(one - other)));
}
