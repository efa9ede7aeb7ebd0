using Veza.Domain.Accounts;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>The e-mail addresses of an account.</summary>
/// <param name="Email">The proven address; "" while there is none.</param>
/// <param name="NewEmail">The address to be proven; "" when there is none.</param>
public sealed record AccountEmailRow(Guid AccountId, string Email, string NewEmail);

public sealed class AccountEmailsProjection : Projection<AccountEmailRow, Guid>
{
    public const string ProjectionName = "accounts.emails.v1";

    public override string Name => ProjectionName;

    public AccountEmailsProjection()
    {
        Identity<AccountRegistered>(e => e.AccountId);
        Identity<EmailProofRequested>(e => e.AccountId);
        Identity<EmailProven>(e => e.AccountId);
        Erases<AccountErased>(e => e.AccountId, "account_id", ("email", ""), ("new_email", ""));
    }

    public static AccountEmailRow Create(AccountRegistered e) => new(e.AccountId, e.Email ?? "", NewEmail: "");

    public static AccountEmailRow Apply(EmailProofRequested e, AccountEmailRow row) => row with { NewEmail = e.Email };

    public static AccountEmailRow Apply(EmailProven e, AccountEmailRow row) =>
        row with
        {
            Email = e.Email,
            NewEmail = "",
        };
}
