using Veza.Domain.Music.Tracks;
using Veza.Projections.AsOf;

namespace Veza.Projections.Music.Tracks;

/// <param name="Format"><c>opus</c> or <c>mp3</c>.</param>
public sealed record RenditionView(string Format, int BitrateKbps, long Bytes);

public sealed record TrackView(
    Guid Id,
    AccountName Owner,
    string Title,
    string? Description,
    string? Genre,
    long DurationMs,
    string Codec,
    int SampleRateHz,
    int Channels,
    TrackStatus Status,
    string? Failure,
    IReadOnlyList<RenditionView> Renditions,
    long Plays,
    long Likes,
    long Reposts,
    long Comments,
    DateTimeOffset CreatedAt,
    long Version,
    long Position
);

/// <summary>A track as it is named in a feed, a history or a chart.</summary>
public sealed record TrackSummaryView(Guid Id, string Title, AccountName Owner, string? Genre, long DurationMs);

/// <summary>What must be known to serve a track's files.</summary>
/// <param name="Formats">Of the copies that are made.</param>
public sealed record TrackFiles(
    Guid Id,
    Guid OwnerId,
    TrackStatus Status,
    string Codec,
    string? Container,
    string Sha256,
    DateTimeOffset CreatedAt,
    IReadOnlyList<string> Formats
);

public sealed class TrackQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        "music.tracks.v2",
        "music.renditions.v1",
        "music.track_counts.v1",
        "accounts.profiles.v1",
    ];
    public static readonly string[] SummaryReads = ["music.tracks.v2", "accounts.profiles.v1"];
    public static readonly string[] FileReads = ["music.tracks.v2", "music.renditions.v1"];

    public async Task<TrackView?> FindAsync(Guid track, CancellationToken ct)
    {
        if (views.PointInTime is { } past)
        {
            await past.FoldTracksAsync([track], ct);
            await past.FoldAsync(
                past.TopicsAsync([$"track:{track}"], ct),
                past.Table(Folds.Of<TrackCountsProjection>())
            );
        }
        // The counts are another projection's and may lag behind the track by a moment: until then there are none.
        var row = await views.FindAsync<Row>(
            """
            select t.track_id as id, t.owner_id, coalesce(p.user_name, '') as user_name, t.title, t.description, t.genre, t.duration_ms, t.codec, t.sample_rate_hz, t.channels,
                   t.status, t.failure, coalesce(c.plays, 0) as plays, coalesce(c.likes, 0) as likes, coalesce(c.reposts, 0) as reposts, coalesce(c.comments, 0) as comments,
                   t.created_at, t.version, t.position
            from views.music_tracks t
            left join views.music_track_counts c using (track_id)
            left join views.accounts_profiles p on p.account_id = t.owner_id
            where t.track_id = @track
            """,
            new { track },
            ct
        );
        if (row is null)
            return null;
        var renditions = await views.ListAsync<RenditionView>(
            "select format, bitrate_kbps, bytes from views.music_renditions where track_id = @track order by format desc",
            new { track },
            ct
        );
        // Another projection keeps the copies, and may be a little behind: without them a track is not ready to
        // anybody.
        var status = row.Status == TrackStatus.Ready && renditions.Count == 0 ? TrackStatus.Processing : row.Status;
        return new(
            row.Id,
            new(row.OwnerId, row.UserName),
            row.Title,
            row.Description,
            row.Genre,
            row.DurationMs,
            row.Codec,
            row.SampleRateHz,
            row.Channels,
            status,
            row.Failure,
            renditions,
            row.Plays,
            row.Likes,
            row.Reposts,
            row.Comments,
            row.CreatedAt,
            row.Version,
            row.Position
        );
    }

    /// <returns>The tracks there are among <paramref name="ids"/>, by id.</returns>
    public async Task<Dictionary<Guid, TrackSummaryView>> SummariesAsync(
        IReadOnlyCollection<Guid> ids,
        CancellationToken ct
    ) =>
        ids.Count == 0
            ? []
            : (
                await views.ListAsync<SummaryRow>(
                    """
                    select t.track_id as id, t.title, t.owner_id, coalesce(p.user_name, '') as user_name, t.genre, t.duration_ms
                    from views.music_tracks t left join views.accounts_profiles p on p.account_id = t.owner_id
                    where t.track_id = any (@ids)
                    """,
                    new { ids = ids.ToArray() },
                    ct
                )
            ).ToDictionary(
                r => r.Id,
                r => new TrackSummaryView(r.Id, r.Title, new(r.OwnerId, r.UserName), r.Genre, r.DurationMs)
            );

    public async Task<bool> ExistsAsync(Guid track, CancellationToken ct)
    {
        if (views.PointInTime is { } past)
            await past.FoldTracksAsync([track], ct);
        return await views.FindAsync<int>("select 1 from views.music_tracks where track_id = @track", new { track }, ct)
            == 1;
    }

    public async Task<TrackFiles?> FilesAsync(Guid track, CancellationToken ct)
    {
        var row = await views.FindAsync<FilesRow>(
            "select track_id as id, owner_id, status, codec, container, sha256, created_at from views.music_tracks where track_id = @track",
            new { track },
            ct
        );
        if (row is null)
            return null;
        var formats = await views.ListAsync<string>(
            "select format from views.music_renditions where track_id = @track",
            new { track },
            ct
        );
        return new(row.Id, row.OwnerId, row.Status, row.Codec, row.Container, row.Sha256, row.CreatedAt, formats);
    }

    private sealed record Row(
        Guid Id,
        Guid OwnerId,
        string UserName,
        string Title,
        string? Description,
        string? Genre,
        long DurationMs,
        string Codec,
        int SampleRateHz,
        int Channels,
        TrackStatus Status,
        string? Failure,
        long Plays,
        long Likes,
        long Reposts,
        long Comments,
        DateTimeOffset CreatedAt,
        long Version,
        long Position
    );

    private sealed record SummaryRow(
        Guid Id,
        string Title,
        Guid OwnerId,
        string UserName,
        string? Genre,
        long DurationMs
    );

    private sealed record FilesRow(
        Guid Id,
        Guid OwnerId,
        TrackStatus Status,
        string Codec,
        string? Container,
        string Sha256,
        DateTimeOffset CreatedAt
    );
}
