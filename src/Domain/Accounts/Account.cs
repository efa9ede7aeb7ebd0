using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>What must be known of an account to sign it in and to decide about it.</summary>
public sealed record Account(Guid Id, string PasswordHash, ImmutableSortedSet<string> Roles)
{
    public const int UserNameMin = 3;
    public const int UserNameMax = 32;

    /// <summary>RFC 5321 leaves room for no longer address in a path of 256 octets.</summary>
    public const int EmailMax = 254;

    /// <summary>Scopes of the unique names in the log; both are held in lower case.</summary>
    public const string UserNameScope = "user_name";
    public const string EmailScope = "email";

    public static Account Create(AccountRegistered e) => new(e.AccountId, e.PasswordHash, [Role.User]);
    public Account Apply(RoleGranted e) => this with { Roles = Roles.Add(e.Role) };
}

/// <summary>What an account may do on the whole platform; what it may do in a community is the community's to say.</summary>
public static class Role
{
    /// <summary>Every account has it, without an event.</summary>
    public const string User = "user";
    public const string Moderator = "moderator";
    public const string Analyst = "analyst";
    public const string Operator = "operator";

    public static readonly ImmutableSortedSet<string> Granted = [Moderator, Analyst, Operator];
}
