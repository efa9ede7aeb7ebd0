using Veza.Domain.Accounts;
using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Charts;

/// <summary>How often a track was played within an hour; what all charts are summed from.</summary>
/// <param name="Hour">Its beginning, in UTC, by the log's own clock.</param>
/// <param name="Genre">As it stood when the plays were counted.</param>
/// <param name="Position">Of the play that brought the number to where it is.</param>
public sealed record HourlyPlaysRow(
    DateTimeOffset Hour,
    Guid TrackId,
    Guid OwnerId,
    long Plays,
    string? Genre,
    long Position
);

/// <remarks>The primary key begins with the hour, so that a span of hours needs no index of its own.</remarks>
public sealed class HourlyPlaysProjection : Projection<HourlyPlaysRow, (DateTimeOffset Hour, Guid TrackId)>
{
    public override string Name => "music.plays_hourly.v2";

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

    /// <returns>The beginning of the hour in which a moment falls, in UTC.</returns>
    public static DateTimeOffset HourOf(DateTimeOffset moment) =>
        new(moment.UtcTicks - moment.UtcTicks % TimeSpan.TicksPerHour, TimeSpan.Zero);
}
