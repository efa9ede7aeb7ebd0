using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>What must be known of an account to sign it in and to decide about it.</summary>
/// <param name="Email">Proven; "" while there is none.</param>
/// <param name="SessionIds">The newest sign-ins, oldest first; some of them may have ended.</param>
/// <param name="KnownNetworks">Hashes of the networks that the newest sign-ins came from.</param>
/// <param name="NewEmail">The address still to be proven; null when there is none.</param>
/// <param name="SuspendedUntil">Null while it is not suspended, and while it is until an operator ends that.</param>
/// <param name="Proof">Of the newest request to prove an address.</param>
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

    /// <summary>RFC 5321 leaves room for no longer address in a path of 256 octets.</summary>
    public const int EmailMax = 254;

    /// <summary>
    /// Sessions at a time: more devices than anybody has. The next sign-in ends the oldest, so that a program that
    /// never signs out harms nobody.
    /// </summary>
    public const int SessionsMax = 50;

    /// <summary>Home, work, a phone's, and where one is just now.</summary>
    public const int KnownNetworksMax = 5;

    /// <summary>API keys in force at a time: one for each program somebody runs.</summary>
    public const int ApiKeysMax = 20;

    /// <summary>
    /// Keys listed, ended ones included. At this length the ended ones are dropped, so that no key in force is ever
    /// missing.
    /// </summary>
    public const int ApiKeysRemembered = 100;

    /// <summary>In characters, of why an operator suspended the account or ended that.</summary>
    public const int SuspensionReasonMax = 512;

    /// <summary>What is to last longer is to last until an operator ends it.</summary>
    public static readonly TimeSpan SuspensionMax = TimeSpan.FromDays(3650);

    /// <summary>Scopes of the unique names in the log; both are held in lower case.</summary>
    public const string UserNameScope = "user_name";
    public const string EmailScope = "email";

    /// <summary>
    /// The account decides nothing any longer, or not for now: no sign-in, key, command or source of its is taken.
    /// </summary>
    public bool IsOut => Erased || Suspended;

    /// <summary>The session that one more would end; null while there is room.</summary>
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

/// <param name="TokenHash">Of the one token that sets a new password.</param>
public sealed record PendingReset(string TokenHash, DateTimeOffset ExpiresAt)
{
    /// <summary>Long enough to pass a token on by hand, short enough that a lost one is soon worth nothing.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);
}

/// <param name="ResetId">What the one mailed token that sets a new password is made of.</param>
public sealed record MailedReset(Guid ResetId, DateTimeOffset ExpiresAt)
{
    /// <summary>Mail may take a while; a mailbox that others can look into must be worth nothing for long.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);
}

/// <param name="ProofId">What the one token that proves the address is made of.</param>
/// <param name="RequestedAt">The newest requests, oldest first.</param>
public sealed record EmailProof(Guid ProofId, DateTimeOffset ExpiresAt, ImmutableList<DateTimeOffset> RequestedAt)
{
    /// <summary>Somebody who registers in the evening reads their mail the next day.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>Mail takes about as long to arrive; asking again sooner does not make it come.</summary>
    public static readonly TimeSpan WaitMin = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Requests of one account in a day: it mails to addresses of its choosing, whose owners may want none of it.
    /// </summary>
    public const int PerDayMax = 10;

    /// <returns>How long the next request waits; null when it need not.</returns>
    public TimeSpan? Wait(DateTimeOffset now)
    {
        var next = RequestedAt[^1] + WaitMin;
        var free = RequestedAt.Count < PerDayMax ? next : RequestedAt[0] + TimeSpan.FromDays(1);
        if (free > next)
            next = free;
        return next > now ? next - now : null;
    }
}

/// <summary>One-time codes that signing in needs beside the password.</summary>
/// <param name="Enabled">False until the person has shown that their device makes the right codes.</param>
/// <param name="LastStep">Of the newest code that was used; it and all before it are used up.</param>
public sealed record TwoFactor(Guid SeedId, bool Enabled, long LastStep, ImmutableSortedSet<int> UsedRecoveryCodes)
{
    /// <summary>For devices lost one after the other.</summary>
    public const int RecoveryCodesCount = 10;
}

/// <summary>
/// What an account may do on the whole platform; what it may do in a community is the community's to say.
/// </summary>
public static class PlatformRole
{
    /// <summary>Every account has it, without an event.</summary>
    public const string User = "user";
    public const string Moderator = "moderator";
    public const string Analyst = "analyst";
    public const string Operator = "operator";

    public static readonly ImmutableSortedSet<string> Granted = [Moderator, Analyst, Operator];
}
