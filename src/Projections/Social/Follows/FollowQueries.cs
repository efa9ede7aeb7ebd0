using Veza.Domain.Social.Follows;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Topics;

namespace Veza.Projections.Social.Follows;

/// <param name="Account">The follower in a list of followers; the followed account in a list of those.</param>
public sealed record FollowView(AccountName Account, DateTimeOffset Since, long Position);

/// <summary>Reads who follows an account and whom it follows, now or as of a position.</summary>
public sealed class FollowQueries(ReadModels views)
{
    public static readonly string[] Reads = [FollowsProjection.ProjectionName, ProfilesProjection.ProjectionName];

    public async Task<bool> IsAccountAsync(Guid account, CancellationToken ct)
    {
        views.PointInTime()?.ReadImmutable(Folds.Of<ProfilesProjection>());
        return await views.FindAsync<int>(
                $"select 1 from {views.Table<ProfilesProjection>()} where account_id = @account",
                new { account },
                ct
            ) == 1;
    }

    /// <summary>Whether one account follows another.</summary>
    public async Task<bool> FollowsAsync(Guid follower, Guid followee, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(
                past.StreamsAsync([Follow.StreamId(follower, followee)], ct),
                past.Table(Folds.Of<FollowsProjection>())
            );
        return await views.FindAsync<int>(
                $"""
                select 1 from {views.Table<FollowsProjection>()}
                where follower_id = @follower and followee_id = @followee
                """,
                new { follower, followee },
                ct
            ) == 1;
    }

    /// <summary>The accounts that follow an account, newest first.</summary>
    public Task<List<FollowView>> FollowersAsync(Guid account, long? before, int limit, CancellationToken ct) =>
        ListAsync(Topic.Followers(account), "f.follower_id", "f.followee_id", account, before, limit, ct);

    /// <summary>The accounts that an account follows, newest first.</summary>
    public Task<List<FollowView>> FollowingAsync(Guid account, long? before, int limit, CancellationToken ct) =>
        ListAsync(Topic.Access(account), "f.followee_id", "f.follower_id", account, before, limit, ct);

    /// <summary>The ids of the accounts that an account follows, newest first.</summary>
    public Task<List<Guid>> FolloweeIdsAsync(Guid account, int limit, CancellationToken ct) =>
        views.ListAsync<Guid>(
            $"""
            select followee_id from {views.Table<FollowsProjection>()}
            where follower_id = @account order by position desc limit @limit
            """,
            new { account, limit },
            ct
        );

    private async Task<List<FollowView>> ListAsync(
        Topic topic,
        string other,
        string own,
        Guid account,
        long? before,
        int limit,
        CancellationToken ct
    )
    {
        if (views.PointInTime() is { } past)
        {
            past.ReadImmutable(Folds.Of<ProfilesProjection>());
            await past.FoldBackAsync(
                past.Table(Folds.Of<FollowsProjection>()),
                [topic],
                rows => rows.Count(f => before is null || f.Position < before) >= limit,
                ct
            );
        }
        return (
            await views.ListAsync<Row>(
                $"""
                select {other} as id, coalesce(p.user_name, '') as user_name, f.since, f.position
                from {views.Table<FollowsProjection>()} f
                left join {views.Table<ProfilesProjection>()} p on p.account_id = {other}
                where {own} = @account and f.position < @before order by f.position desc limit @limit
                """,
                new
                {
                    account,
                    before = before ?? long.MaxValue,
                    limit,
                },
                ct
            )
        ).ConvertAll(r => new FollowView(new(r.Id, r.UserName), r.Since, r.Position));
    }

    private sealed record Row(Guid Id, string UserName, DateTimeOffset Since, long Position);
}
