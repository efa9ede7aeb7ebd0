using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Gives an account a role on the whole platform. Giving it again changes nothing.</summary>
public sealed record GrantRole(Guid AccountId, string Role);

public sealed class GrantRoleValidator : AbstractValidator<GrantRole>
{
    public GrantRoleValidator() => RuleFor(c => c.Role).MustBeGranted();
}

public static class GrantRoleHandler
{
    public static IEnumerable<AccountEvent> Handle(GrantRole command, [WriteAggregate] Account account)
    {
        if (!account.Roles.Contains(command.Role))
            yield return new RoleGranted(command.AccountId, command.Role);
    }
}
