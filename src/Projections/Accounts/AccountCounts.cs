using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>
/// The numbers of an account's followers, followed accounts and uploaded tracks. An account without any has no row.
/// </summary>
public sealed record AccountCountsRow(Guid AccountId, int Followers, int Following, int Tracks);

public sealed class AccountCountsProjection : Projection<AccountCountsRow, Guid>
{
    public const string ProjectionName = "accounts.counts.v1";

    public override string Name => ProjectionName;

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
