using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>Who an account is; the other capabilities' queries take user names from it.</summary>
/// <param name="Position">Of its registration.</param>
public sealed record Profile(Guid AccountId, string UserName, string Email, DateTimeOffset CreatedAt, long Position);

public sealed class ProfilesProjection : Projection<Profile, Guid>
{
    public override string Name => "accounts.profiles.v1";

    public ProfilesProjection()
    {
        Identity<AccountRegistered>(e => e.AccountId);
        Index("user_name");
    }

    public static Profile Create(AccountRegistered e, RecordedEvent at) => new(e.AccountId, e.UserName, e.Email, at.At, at.Position);
}
