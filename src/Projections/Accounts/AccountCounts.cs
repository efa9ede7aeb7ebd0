using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>
/// How many follow an account, how many it follows, and how many tracks it has uploaded. An account without any of them
/// has no row.
/// </summary>
public sealed record AccountCountsRow(Guid AccountId, int Followers, int Following, int Tracks);

public sealed class AccountCountsProjection : Projection<AccountCountsRow, Guid>
{
    public override string Name => "accounts.counts.v1";

    public AccountCountsProjection()
    {
        Identities<FollowStarted>(e => [e.FollowerId, e.FolloweeId]);
        Identities<FollowStopped>(e => [e.FollowerId, e.FolloweeId]);
        Identity<TrackUploaded>(e => e.OwnerId);
    }

    public static AccountCountsRow Create(FollowStarted e, Guid account) => Apply(e, new(account, 0, 0, 0));

    public static AccountCountsRow Apply(FollowStarted e, AccountCountsRow row) =>
        row.AccountId == e.FollowerId
            ? row with
            {
                Following = row.Following + 1,
            }
            : row with
            {
                Followers = row.Followers + 1,
            };

    public static AccountCountsRow Apply(FollowStopped e, AccountCountsRow row) =>
        row.AccountId == e.FollowerId
            ? row with
            {
                Following = row.Following - 1,
            }
            : row with
            {
                Followers = row.Followers - 1,
            };

    public static AccountCountsRow Create(TrackUploaded e) => new(e.OwnerId, 0, 0, 1);

    public static AccountCountsRow Apply(TrackUploaded _, AccountCountsRow row) => row with { Tracks = row.Tracks + 1 };
}
