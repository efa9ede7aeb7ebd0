using Veza.Domain.Live.Broadcasts;

namespace Veza.Projections.Live.Broadcasts;

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

/// <param name="Position">Of its creation.</param>
public sealed record OpenBroadcastView(Guid BroadcastId, long Position);

public sealed class BroadcastQueries(ReadModels views)
{
    public static readonly string[] Reads = ["live.broadcasts.v1", "accounts.profiles.v1"];

    private const string Select = """
        select b.broadcast_id, b.owner_id, coalesce(p.user_name, '') as user_name, b.title, b.status, b.content_type, b.created_at, b.started_at, b.ended_at, b.version, b.position
        from views.live_broadcasts b left join views.accounts_profiles p on p.account_id = b.owner_id
        """;

    /// <param name="listeners">Counts who listens now; that is no part of the log.</param>
    public async Task<BroadcastView?> FindAsync(Guid id, Func<Guid, int> listeners, CancellationToken ct) =>
        await views.FindAsync<Row>($"{Select} where b.broadcast_id = @id", new { id }, ct) is { } row
            ? View(row, listeners)
            : null;

    /// <summary>Newest first.</summary>
    /// <param name="live">Only those that can be heard now or whose source is expected back.</param>
    public async Task<List<BroadcastView>> ListAsync(
        bool live,
        long before,
        int limit,
        Func<Guid, int> listeners,
        CancellationToken ct
    ) =>
        (
            await views.ListAsync<Row>(
                $"{Select} where b.position < @before {(live ? "and b.status in ('Live', 'Interrupted')" : "")} order by b.position desc limit @limit",
                new { before, limit },
                ct
            )
        ).ConvertAll(row => View(row, listeners));

    /// <summary>Broadcasts of one account that have not ended, in the order they were created.</summary>
    public Task<List<OpenBroadcastView>> OpenAsync(Guid owner, long after, int limit, CancellationToken ct) =>
        views.ListAsync<OpenBroadcastView>(
            """
            select broadcast_id, position from views.live_broadcasts
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
