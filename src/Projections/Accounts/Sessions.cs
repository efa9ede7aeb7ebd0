using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>
/// A sign-in that has not ended; one that nobody carried on until <see cref="ExpiresAt"/> is over all the same.
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
    public override string Name => "accounts.sessions.v1";

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

    // Registering tells of the sign-in before the session, which says in the same commit when it ends.
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

public sealed class SessionQueries(ReadModels views)
{
    public static readonly string[] Reads = ["accounts.sessions.v1"];

    /// <returns>An account's sessions, the last used first.</returns>
    public Task<List<SessionRow>> ListAsync(Guid account, DateTimeOffset now, CancellationToken ct) =>
        views.ListAsync<SessionRow>(
            """
            select session_id, account_id, device, created_at, last_used_at, expires_at from views.accounts_sessions
            where account_id = @account and expires_at > @now order by last_used_at desc, session_id limit @max
            """,
            new
            {
                account,
                now,
                max = Account.SessionsMax,
            },
            ct
        );
}
