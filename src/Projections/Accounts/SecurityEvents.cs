using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Members;
using Veza.Domain.Live.Broadcasts;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>A security event of an account. The row points into the log and copies nothing of it.</summary>
/// <param name="Moderation">
/// Whether a moderator of a community caused it. Any user can found a community and ban any account. So the two are
/// listed apart, and a thousand bans cannot hide a sign-in.
/// </param>
public sealed record SecurityEventRow(Guid AccountId, long Position, bool Moderation);

/// <remarks>
/// Where several events report one act, only one is listed: the sign-in without the session's start, the code without
/// its use, the kick without the membership's end, the ban without the deletion of messages.
/// </remarks>
public sealed class SecurityEventsProjection : Projection<SecurityEventRow, (Guid AccountId, long Position)>
{
    public const string ProjectionName = "accounts.security_events.v3";

    public override string Name => ProjectionName;

    public SecurityEventsProjection()
    {
        One<AccountRegistered>(e => e.AccountId);
        One<SignedIn>(e => e.AccountId);
        // A failed sign-in with an unknown name concerns no account.
        Identities<SignInFailed>((e, at) => e.AccountId is { } account ? [(account, at.Position)] : []);
        One<SessionEnded>(e => e.AccountId);
        One<PasswordChanged>(e => e.AccountId);
        One<PasswordResetIssued>(e => e.AccountId);
        One<PasswordResetMailed>(e => e.AccountId);
        One<PasswordReset>(e => e.AccountId);
        One<EmailProven>(e => e.AccountId);
        One<TwoFactorBegun>(e => e.AccountId);
        One<TwoFactorEnabled>(e => e.AccountId);
        One<RecoveryCodeUsed>(e => e.AccountId);
        One<TwoFactorDisabled>(e => e.AccountId);
        One<ApiKeyCreated>(e => e.AccountId);
        One<ApiKeyUsed>(e => e.AccountId);
        One<RoleGranted>(e => e.AccountId);
        // An operator's act on an account is in the operator's list too.
        Identities<AccountSuspended>((e, at) => [(e.AccountId, at.Position), (e.ByAccountId, at.Position)]);
        Identities<AccountSuspensionEnded>((e, at) => [(e.AccountId, at.Position), (e.ByAccountId, at.Position)]);
        One<AccountSuspensionExpired>(e => e.AccountId);
        Identities<BroadcastTakenDown>((e, at) => [(e.OwnerId, at.Position), (e.ByAccountId, at.Position)]);
        One<LogRead>(e => e.AccountId);
        One<OperatorActed>(e => e.AccountId);
        One<MemberKicked>(e => e.MemberId);
        One<MemberBanned>(e => e.MemberId);
        One<MemberUnbanned>(e => e.MemberId);
        One<MemberTimedOut>(e => e.MemberId);
        One<MemberTimeOutEnded>(e => e.MemberId);
        Index("account_id, moderation, position");
    }

    public static SecurityEventRow Create(AccountRegistered _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(SignedIn _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(SignInFailed _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(SessionEnded _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(PasswordChanged _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(PasswordResetIssued _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(PasswordResetMailed _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(EmailProven _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(PasswordReset _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(TwoFactorBegun _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(TwoFactorEnabled _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(RecoveryCodeUsed _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(TwoFactorDisabled _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(ApiKeyCreated _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(ApiKeyUsed _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(RoleGranted _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(AccountSuspended _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(AccountSuspensionEnded _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(AccountSuspensionExpired _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(BroadcastTakenDown _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(LogRead _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(OperatorActed _, (Guid, long) key) => Row(key);

    public static SecurityEventRow Create(MemberKicked _, (Guid, long) key) => ModerationRow(key);

    public static SecurityEventRow Create(MemberBanned _, (Guid, long) key) => ModerationRow(key);

    public static SecurityEventRow Create(MemberUnbanned _, (Guid, long) key) => ModerationRow(key);

    public static SecurityEventRow Create(MemberTimedOut _, (Guid, long) key) => ModerationRow(key);

    public static SecurityEventRow Create(MemberTimeOutEnded _, (Guid, long) key) => ModerationRow(key);

    private void One<TEvent>(Func<TEvent, Guid> account)
        where TEvent : DomainEvent => Identity<TEvent>((e, at) => (account(e), at.Position));

    private static SecurityEventRow Row((Guid AccountId, long Position) key) =>
        new(key.AccountId, key.Position, Moderation: false);

    private static SecurityEventRow ModerationRow((Guid AccountId, long Position) key) =>
        new(key.AccountId, key.Position, Moderation: true);
}
