using Veza.Domain.Music.Tracks;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;

namespace Veza.Projections.Music.Tracks;

/// <param name="Format"><c>opus</c> or <c>mp3</c>.</param>
public sealed record RenditionView(string Format, int BitrateKbps, long Bytes);

/// <param name="Level"><c>overview</c> or <c>fine</c>.</param>
public sealed record WaveformView(string Level, int SamplesPerPoint, int Points, long Bytes);

/// <summary>A track as its page shows it.</summary>
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
)
{
    /// <summary>Empty while the track is processed, and for a track without a waveform.</summary>
    public IReadOnlyList<WaveformView> Waveforms { get; init; } = [];

    /// <summary>Whether the reader likes it.</summary>
    public bool Liked { get; init; }

    /// <summary>Whether the reader has reposted it.</summary>
    public bool Reposted { get; init; }
}

/// <summary>A track as feeds, histories and charts name it.</summary>
public sealed record TrackSummaryView(Guid Id, string Title, AccountName Owner, string? Genre, long DurationMs);

/// <summary>The properties of a track that serving its files needs.</summary>
/// <param name="Formats">The formats of its finished copies.</param>
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

/// <summary>Reads tracks, now or as of a position.</summary>
public sealed class TrackQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        TracksProjection.ProjectionName,
        RenditionsProjection.ProjectionName,
        WaveformsProjection.ProjectionName,
        TrackCountsProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
    ];
    public static readonly string[] SummaryReads = [TracksProjection.ProjectionName, ProfilesProjection.ProjectionName];
    public static readonly string[] FileReads = [TracksProjection.ProjectionName, RenditionsProjection.ProjectionName];

    public static readonly string[] WaveformReads = [.. FileReads, WaveformsProjection.ProjectionName];

    // Another projection keeps the counts, and may lag a little behind the track's: until then they are 0.
    private string Select =>
        $"""
            select t.track_id as id, t.owner_id, coalesce(p.user_name, '') as user_name, t.title, t.description,
                   t.genre, t.duration_ms, t.codec, t.sample_rate_hz, t.channels, t.status, t.failure,
                   coalesce(c.plays, 0) as plays, coalesce(c.likes, 0) as likes,
                   coalesce(c.reposts, 0) as reposts, coalesce(c.comments, 0) as comments,
                   t.created_at, t.version, t.position
            from {views.Table<TracksProjection>()} t
            left join {views.Table<TrackCountsProjection>()} c using (track_id)
            left join {views.Table<ProfilesProjection>()} p on p.account_id = t.owner_id
            """;

    public async Task<TrackView?> FindAsync(Guid track, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
        {
            await past.FoldTracksAsync([track], ct);
            await past.FoldCountsAsync([track], ct);
        }
        var rows = await views.ListAsync<Row>($"{Select} where t.track_id = @track", new { track }, ct);
        return (await CompleteAsync(rows, ct)).FirstOrDefault();
    }

    /// <summary>
    /// An account's tracks before a position, newest first.
    /// </summary>
    /// <param name="withFailed">Also those whose processing failed.</param>
    public async Task<List<TrackView>> OfAccountAsync(
        Guid account,
        bool withFailed,
        long? before,
        int limit,
        CancellationToken ct
    )
    {
        if (views.PointInTime() is { } past)
            await past.FoldUploadsAsync(account, withFailed, before ?? long.MaxValue, limit, ct);
        var shown = withFailed ? "" : "and t.status <> 'Failed'";
        return await CompleteAsync(
            await views.ListAsync<Row>(
                $"""
                {Select} where t.owner_id = @account and t.position < @before {shown}
                order by t.position desc limit @limit
                """,
                new
                {
                    account,
                    before = before ?? long.MaxValue,
                    limit,
                },
                ct
            ),
            ct
        );
    }

    private async Task<List<TrackView>> CompleteAsync(List<Row> rows, CancellationToken ct)
    {
        if (rows.Count == 0)
            return [];
        var renditions = (
            await views.ListAsync<CopyRow>(
                $"""
                select track_id, format, bitrate_kbps, bytes from {views.Table<RenditionsProjection>()}
                where track_id = any (@ids) order by format desc
                """,
                new { ids = rows.ConvertAll(r => r.Id) },
                ct
            )
        ).ToLookup(r => r.TrackId, r => new RenditionView(r.Format, r.BitrateKbps, r.Bytes));
        var waveforms = (
            await views.ListAsync<WaveformRow>(
                $"""
                select track_id, level, samples_per_point, points, bytes from {views.Table<WaveformsProjection>()}
                where track_id = any (@ids) order by level
                """,
                new { ids = rows.ConvertAll(r => r.Id) },
                ct
            )
        ).ToLookup(r => r.TrackId, r => new WaveformView(r.Level, r.SamplesPerPoint, r.Points, r.Bytes));
        return rows.ConvertAll(row => Complete(row, [.. renditions[row.Id]], [.. waveforms[row.Id]]));
    }

    private static TrackView Complete(
        Row row,
        IReadOnlyList<RenditionView> renditions,
        IReadOnlyList<WaveformView> waveforms
    )
    {
        // Another projection keeps the copies, and may lag a little: without them no client can play the track.
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
        )
        {
            Waveforms = waveforms,
        };
    }

    /// <returns>The existing tracks among <paramref name="ids"/>, by id.</returns>
    public async Task<Dictionary<Guid, TrackSummaryView>> SummariesAsync(
        IReadOnlyCollection<Guid> ids,
        CancellationToken ct
    ) =>
        ids.Count == 0
            ? []
            : (
                await views.ListAsync<SummaryRow>(
                    $"""
                    select t.track_id as id, t.title, t.owner_id, coalesce(p.user_name, '') as user_name,
                           t.genre, t.duration_ms
                    from {views.Table<TracksProjection>()} t
                    left join {views.Table<ProfilesProjection>()} p on p.account_id = t.owner_id
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
        if (views.PointInTime() is { } past)
            await past.FoldTracksAsync([track], ct);
        return await views.FindAsync<int>(
                $"select 1 from {views.Table<TracksProjection>()} where track_id = @track",
                new { track },
                ct
            ) == 1;
    }

    public async Task<TrackFiles?> FilesAsync(Guid track, CancellationToken ct)
    {
        var row = await views.FindAsync<FilesRow>(
            $"""
            select track_id as id, owner_id, status, codec, container, sha256, created_at
            from {views.Table<TracksProjection>()} where track_id = @track
            """,
            new { track },
            ct
        );
        if (row is null)
            return null;
        var formats = await views.ListAsync<string>(
            $"select format from {views.Table<RenditionsProjection>()} where track_id = @track",
            new { track },
            ct
        );
        return new(row.Id, row.OwnerId, row.Status, row.Codec, row.Container, row.Sha256, row.CreatedAt, formats);
    }

    /// <returns>The waveforms of a track, the fine one first.</returns>
    public Task<List<WaveformView>> WaveformsAsync(Guid track, CancellationToken ct) =>
        views.ListAsync<WaveformView>(
            $"""
            select level, samples_per_point, points, bytes from {views.Table<WaveformsProjection>()}
            where track_id = @track order by level
            """,
            new { track },
            ct
        );

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

    private sealed record CopyRow(Guid TrackId, string Format, int BitrateKbps, long Bytes);

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
