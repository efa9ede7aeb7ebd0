using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>Who an account is; the other capabilities' queries take user names from it.</summary>
/// <param name="Email">Of accounts that were made with a proven one, as it was then; <see cref="AccountEmailRow"/> has
/// those of all.</param>
/// <param name="Position">Of its registration.</param>
public sealed record ProfileRow(Guid AccountId, string UserName, string Email, DateTimeOffset CreatedAt, long Position)
{
    /// <summary>What stands where an erased account was named; no user name has a space.</summary>
    public const string ErasedName = "deleted user";
}

public sealed class ProfilesProjection : Projection<ProfileRow, Guid>
{
    public override string Name => "accounts.profiles.v1";

    public ProfilesProjection()
    {
        Identity<AccountRegistered>(e => e.AccountId);
        Index("user_name");
        Erases<AccountErased>(e => e.AccountId, "account_id", ("user_name", ProfileRow.ErasedName), ("email", ""));
    }

    public static ProfileRow Create(AccountRegistered e, RecordedEvent at) =>
        new(e.AccountId, e.UserName, e.Email ?? "", at.At, at.Position);
}
