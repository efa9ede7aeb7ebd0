using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>A role that was granted to an account; <see cref="PlatformRole.User"/> is not among them.</summary>
public sealed record AccountRoleRow(Guid AccountId, string Role, DateTimeOffset Since);

public sealed class AccountRolesProjection : Projection<AccountRoleRow, (Guid AccountId, string Role)>
{
    public override string Name => "accounts.roles.v1";

    public AccountRolesProjection() => Identity<RoleGranted>(e => (e.AccountId, e.Role));

    public static AccountRoleRow Create(RoleGranted e, RecordedEvent at) => new(e.AccountId, e.Role, at.At);
}
