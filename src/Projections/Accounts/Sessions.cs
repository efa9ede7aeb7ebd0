using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>
/// A sign-in session that was not ended. One that was not refreshed until <see cref="ExpiresAt"/> has expired.
/// </summary>
public sealed record SessionRow(
    Guid SessionId,
    Guid AccountId,
    string? Device,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUsedAt,
    DateTimeOffset ExpiresAt
);

public sealed class SessionsProjection : Projection<SessionRow, Guid>
{
    public const string ProjectionName = "accounts.sessions.v1";

    public override string Name => ProjectionName;

    public SessionsProjection()
    {
        Identity<SessionStarted>(e => e.SessionId);
        Identity<SignedIn>(e => e.SessionId);
        Identity<SessionRefreshed>(e => e.SessionId);
        Identity<SessionEnded>(e => e.SessionId);
        Index("account_id, last_used_at desc");
        Erases<AccountErased>(e => e.AccountId, "account_id", ("device", null));
    }

    public static SessionRow Create(SessionStarted e, RecordedEvent at) =>
        new(e.SessionId, e.AccountId, null, at.At, at.At, e.ExpiresAt);

    public static SessionRow Apply(SessionStarted e, SessionRow row) => row with { ExpiresAt = e.ExpiresAt };

    // A registration appends the sign-in before the session's start, which sets the expiry in the same commit.
    public static SessionRow Create(SignedIn e, RecordedEvent at) =>
        new(e.SessionId, e.AccountId, e.Device, at.At, at.At, at.At);

    public static SessionRow Apply(SignedIn e, SessionRow row) => row with { Device = e.Device };

    public static SessionRow Apply(SessionRefreshed e, SessionRow row, RecordedEvent at) =>
        row with
        {
            LastUsedAt = at.At,
            ExpiresAt = e.ExpiresAt,
        };

    public static SessionRow? Apply(SessionEnded _, SessionRow row) => null;
}
