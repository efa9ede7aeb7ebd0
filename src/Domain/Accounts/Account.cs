using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>An account, as far as sign-in and other decisions need it.</summary>
/// <param name="Email">The proven address; "" while there is none.</param>
/// <param name="SessionIds">The newest sign-ins, oldest first; some of them may have ended.</param>
/// <param name="KnownNetworks">Hashes of the networks that the newest sign-ins came from.</param>
/// <param name="NewEmail">The address that is not proven yet; null when there is none.</param>
/// <param name="SuspendedUntil">
/// The end of the suspension. Null when there is none, or when it lasts until an operator ends it.
/// </param>
/// <param name="Proof">The newest request to prove an address.</param>
public sealed record Account(
    Guid Id,
    [property: Personal(nameof(Account.Id))] string UserName,
    [property: Personal(nameof(Account.Id))] string Email,
    [property: Personal(nameof(Account.Id))] string PasswordHash,
    ImmutableSortedSet<string> Roles,
    ImmutableList<Guid> SessionIds,
    ImmutableList<string> KnownNetworks,
    PendingReset? Reset = null,
    TwoFactor? TwoFactor = null,
    ImmutableList<Guid>? ApiKeyIds = null,
    bool Erased = false,
    bool Suspended = false,
    [property: Personal(nameof(Account.Id))] string? NewEmail = null,
    EmailProof? Proof = null,
    MailedReset? MailedReset = null,
    DateTimeOffset? SuspendedUntil = null
)
{
    public const int UserNameMin = 3;
    public const int UserNameMax = 32;

    /// <summary>RFC 5321 limits a path to 256 octets, which leaves 254 for the address.</summary>
    public const int EmailMax = 254;

    /// <summary>
    /// Sessions at a time: more devices than one person has. The next sign-in ends the oldest, so a program that never
    /// signs out does no harm.
    /// </summary>
    public const int SessionsMax = 50;

    /// <summary>Home, work, a phone's network, and two more.</summary>
    public const int KnownNetworksMax = 5;

    /// <summary>API keys in force at a time: one for each program that a person runs.</summary>
    public const int ApiKeysMax = 20;

    /// <summary>
    /// Keys in the list, ended ones included. A full list drops its ended keys, so it always holds every key in force.
    /// </summary>
    public const int ApiKeysRemembered = 100;

    /// <summary>Characters of an operator's reason to suspend the account or to end that.</summary>
    public const int SuspensionReasonMax = 512;

    /// <summary>A suspension that should last longer has no end, and an operator ends it.</summary>
    public static readonly TimeSpan SuspensionMax = TimeSpan.FromDays(3650);

    /// <summary>Scopes of the log's unique names. Both kinds of name are in lower case.</summary>
    public const string UserNameScope = "user_name";
    public const string EmailScope = "email";

    /// <summary>
    /// The account is erased or suspended: Veza refuses its sign-ins, keys, commands and sources.
    /// </summary>
    public bool IsOut => Erased || Suspended;

    /// <summary>The session that the next sign-in ends; null while there is room for both.</summary>
    public Guid? OldestSessionId => SessionIds.Count < SessionsMax ? null : SessionIds[0];

    public static Account Create(AccountRegistered e) =>
        new(e.AccountId, e.UserName, e.Email ?? "", e.PasswordHash, [PlatformRole.User], [], []);

    public Account Apply(RoleGranted e) => this with { Roles = Roles.Add(e.Role) };

    public Account Apply(SignedIn e) =>
        this with
        {
            SessionIds = Last(SessionIds.Add(e.SessionId), SessionsMax),
            KnownNetworks = e.NetworkHash is null
                ? KnownNetworks
                : Last(KnownNetworks.Remove(e.NetworkHash).Add(e.NetworkHash), KnownNetworksMax),
        };

    public Account Apply(EmailProofRequested e) =>
        this with
        {
            NewEmail = e.Email,
            Proof = new(
                e.ProofId,
                e.ExpiresAt,
                Last((Proof?.RequestedAt ?? []).Add(e.RequestedAt), EmailProof.PerDayMax)
            ),
        };

    public Account Apply(EmailProven e) => this with { Email = e.Email, NewEmail = null };

    public Account Apply(PasswordChanged e) =>
        this with
        {
            PasswordHash = e.PasswordHash,
            Reset = null,
            MailedReset = null,
        };

    public Account Apply(PasswordResetIssued e) => this with { Reset = new(e.TokenHash, e.ExpiresAt) };

    public Account Apply(PasswordResetMailed e) => this with { MailedReset = new(e.ResetId, e.ExpiresAt) };

    public Account Apply(PasswordReset e) =>
        this with
        {
            PasswordHash = e.PasswordHash,
            Reset = null,
            MailedReset = null,
        };

    public Account Apply(TwoFactorBegun e) => this with { TwoFactor = new(e.SeedId, Enabled: false, LastStep: 0, []) };

    public Account Apply(TwoFactorEnabled e) => this with { TwoFactor = new(e.SeedId, Enabled: true, e.Step, []) };

    public Account Apply(TwoFactorCodeUsed e) =>
        this with
        {
            TwoFactor = TwoFactor is null ? null : TwoFactor with { LastStep = e.Step },
        };

    public Account Apply(RecoveryCodeUsed e) =>
        this with
        {
            TwoFactor = TwoFactor is null
                ? null
                : TwoFactor with
                {
                    UsedRecoveryCodes = TwoFactor.UsedRecoveryCodes.Add(e.Number),
                },
        };

    public Account Apply(TwoFactorDisabled _) => this with { TwoFactor = null };

    public Account Apply(ApiKeyIssued e) =>
        this with
        {
            ApiKeyIds = Last((ApiKeyIds ?? []).Add(e.KeyId), ApiKeysRemembered),
        };

    public Account Apply(EndedApiKeysDropped e) => this with { ApiKeyIds = (ApiKeyIds ?? []).RemoveRange(e.KeyIds) };

    public Account Apply(AccountSuspended e) => this with { Suspended = true, SuspendedUntil = e.Until };

    public Account Apply(AccountSuspensionEnded _) => this with { Suspended = false, SuspendedUntil = null };

    public Account Apply(AccountSuspensionExpired _) => this with { Suspended = false, SuspendedUntil = null };

    public Account Apply(AccountErased _) =>
        this with
        {
            UserName = "",
            Email = "",
            NewEmail = null,
            PasswordHash = "",
            KnownNetworks = [],
            Reset = null,
            MailedReset = null,
            TwoFactor = null,
            Proof = null,
            Erased = true,
        };

    private static ImmutableList<T> Last<T>(ImmutableList<T> of, int max) =>
        of.Count > max ? of.RemoveRange(0, of.Count - max) : of;
}
