using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>An account's identity. The queries of the other capabilities take user names from it.</summary>
/// <param name="Email">
/// The address of an account registered with a proven one, as of then. <see cref="AccountEmailRow"/> has the current
/// address of every account.
/// </param>
/// <param name="Position">The position of the registration.</param>
public sealed record ProfileRow(Guid AccountId, string UserName, string Email, DateTimeOffset CreatedAt, long Position)
{
    /// <summary>Replaces the name of an erased account; no user name has a space.</summary>
    public const string ErasedName = "deleted user";
}

public sealed class ProfilesProjection : Projection<ProfileRow, Guid>
{
    public const string ProjectionName = "accounts.profiles.v1";

    public override string Name => ProjectionName;

    public ProfilesProjection()
    {
        Identity<AccountRegistered>(e => e.AccountId);
        Index("user_name");
        Erases<AccountErased>(e => e.AccountId, "account_id", ("user_name", ProfileRow.ErasedName), ("email", ""));
    }

    public static ProfileRow Create(AccountRegistered e, RecordedEvent at) =>
        new(e.AccountId, e.UserName, e.Email ?? "", at.At, at.Position);
}
