using Veza.Projections.Accounts;
using Veza.Projections.AsOf;

namespace Veza.Projections.Social.Follows;

/// <param name="Account">
/// The other side: the follower in a list of followers, who is followed in a list of those.
/// </param>
public sealed record FollowView(AccountName Account, DateTimeOffset Since, long Position);

public sealed class FollowQueries(ReadModels views)
{
    public static readonly string[] Reads = ["social.follows.v1", "accounts.profiles.v1"];

    public async Task<bool> IsAccountAsync(Guid account, CancellationToken ct)
    {
        views.PointInTime?.ReadImmutable(Folds.Of<ProfilesProjection>());
        return await views.FindAsync<int>(
                "select 1 from views.accounts_profiles where account_id = @account",
                new { account },
                ct
            ) == 1;
    }

    /// <summary>Those who follow an account, newest first.</summary>
    public Task<List<FollowView>> FollowersAsync(Guid account, long? before, int limit, CancellationToken ct) =>
        ListAsync($"followers:{account}", "f.follower_id", "f.followee_id", account, before, limit, ct);

    /// <summary>Those an account follows, newest first.</summary>
    public Task<List<FollowView>> FollowingAsync(Guid account, long? before, int limit, CancellationToken ct) =>
        ListAsync($"access:{account}", "f.followee_id", "f.follower_id", account, before, limit, ct);

    /// <summary>Whom an account follows, those it followed last first; their ids alone.</summary>
    public Task<List<Guid>> FolloweeIdsAsync(Guid account, int limit, CancellationToken ct) =>
        views.ListAsync<Guid>(
            "select followee_id from views.social_follows where follower_id = @account order by position desc limit @limit",
            new { account, limit },
            ct
        );

    private async Task<List<FollowView>> ListAsync(
        string topic,
        string other,
        string own,
        Guid account,
        long? before,
        int limit,
        CancellationToken ct
    )
    {
        if (views.PointInTime is { } past)
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
                from views.social_follows f left join views.accounts_profiles p on p.account_id = {other}
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
