using Veza.Domain.Accounts;
using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Charts;

/// <summary>A track's plays within one hour. Charts are sums of these rows.</summary>
/// <param name="Hour">The hour's beginning, in UTC, by the clock of the log.</param>
/// <param name="Genre">The track's genre when the newest play was counted.</param>
/// <param name="Position">The position of the newest play.</param>
public sealed record HourlyPlaysRow(
    DateTimeOffset Hour,
    Guid TrackId,
    Guid OwnerId,
    long Plays,
    string? Genre,
    long Position
);

/// <remarks>The primary key begins with the hour, so that a span of hours needs no further index.</remarks>
public sealed class HourlyPlaysProjection : Projection<HourlyPlaysRow, (DateTimeOffset Hour, Guid TrackId)>
{
    public const string ProjectionName = "music.plays_hourly.v2";

    public override string Name => ProjectionName;

    public HourlyPlaysProjection()
    {
        Identity<PlayCounted>((e, at) => (HourOf(at.At), e.TrackId));
        Index("owner_id");
        Erases<AccountErased>(e => e.AccountId, "owner_id", ("genre", null));
    }

    public static HourlyPlaysRow Create(PlayCounted e, RecordedEvent at) =>
        new(HourOf(at.At), e.TrackId, e.OwnerId, 1, e.Genre, at.Position);

    public static HourlyPlaysRow Apply(PlayCounted e, HourlyPlaysRow row, RecordedEvent at) =>
        row with
        {
            Plays = row.Plays + 1,
            Genre = e.Genre,
            Position = at.Position,
        };

    /// <returns>The beginning of the moment's hour, in UTC.</returns>
    public static DateTimeOffset HourOf(DateTimeOffset moment) =>
        new(moment.UtcTicks - moment.UtcTicks % TimeSpan.TicksPerHour, TimeSpan.Zero);
}
