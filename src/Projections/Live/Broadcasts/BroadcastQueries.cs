using Veza.Domain.Live.Broadcasts;
using Veza.Projections.Accounts;

namespace Veza.Projections.Live.Broadcasts;

/// <summary>A broadcast as its page shows it.</summary>
public sealed record BroadcastView(
    Guid Id,
    AccountName Owner,
    string Title,
    BroadcastStatus Status,
    string? ContentType,
    int Listeners,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    string ListenUrl,
    long Version,
    long Position
);

/// <param name="Position">The position of its creation.</param>
public sealed record OpenBroadcastView(Guid BroadcastId, long Position);

/// <summary>Reads broadcasts.</summary>
public sealed class BroadcastQueries(ReadModels views)
{
    public static readonly string[] Reads = [BroadcastsProjection.ProjectionName, ProfilesProjection.ProjectionName];

    private string Select =>
        $"""
            select b.broadcast_id, b.owner_id, coalesce(p.user_name, '') as user_name, b.title, b.status,
                   b.content_type, b.created_at, b.started_at, b.ended_at, b.version, b.position
            from {views.Table<BroadcastsProjection>()} b
            left join {views.Table<ProfilesProjection>()} p on p.account_id = b.owner_id
            """;

    /// <param name="listeners">Counts a broadcast's current listeners, which the log does not hold.</param>
    public async Task<BroadcastView?> FindAsync(Guid id, Func<Guid, int> listeners, CancellationToken ct) =>
        await views.FindAsync<Row>($"{Select} where b.broadcast_id = @id", new { id }, ct) is { } row
            ? View(row, listeners)
            : null;

    /// <summary>Newest first.</summary>
    /// <param name="live">Only broadcasts on air, or whose source is expected back.</param>
    public async Task<List<BroadcastView>> ListAsync(
        bool live,
        long before,
        int limit,
        Func<Guid, int> listeners,
        CancellationToken ct
    ) =>
        (
            await views.ListAsync<Row>(
                $"""
                {Select} where b.position < @before {(live ? "and b.status in ('Live', 'Interrupted')" : "")}
                order by b.position desc limit @limit
                """,
                new { before, limit },
                ct
            )
        ).ConvertAll(row => View(row, listeners));

    /// <summary>An account's broadcasts that have not ended, in the order of their creation.</summary>
    public Task<List<OpenBroadcastView>> OpenAsync(Guid owner, long after, int limit, CancellationToken ct) =>
        views.ListAsync<OpenBroadcastView>(
            $"""
            select broadcast_id, position from {views.Table<BroadcastsProjection>()}
            where owner_id = @owner and status <> 'Ended' and position > @after order by position limit @limit
            """,
            new
            {
                owner,
                after,
                limit,
            },
            ct
        );

    private static BroadcastView View(Row r, Func<Guid, int> listeners) =>
        new(
            r.BroadcastId,
            new(r.OwnerId, r.UserName),
            r.Title,
            r.Status,
            r.ContentType,
            listeners(r.BroadcastId),
            r.CreatedAt,
            r.StartedAt,
            r.EndedAt,
            $"/live/{r.BroadcastId}",
            r.Version,
            r.Position
        );

    private sealed record Row(
        Guid BroadcastId,
        Guid OwnerId,
        string UserName,
        string Title,
        BroadcastStatus Status,
        string? ContentType,
        DateTimeOffset CreatedAt,
        DateTimeOffset? StartedAt,
        DateTimeOffset? EndedAt,
        long Version,
        long Position
    );
}
