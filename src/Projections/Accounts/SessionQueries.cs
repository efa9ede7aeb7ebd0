using Veza.Domain.Accounts;

namespace Veza.Projections.Accounts;

/// <summary>Reads the sign-in sessions of an account.</summary>
public sealed class SessionQueries(ReadModels views)
{
    public static readonly string[] Reads = [SessionsProjection.ProjectionName];

    /// <returns>An account's sessions, most recently used first.</returns>
    public Task<List<SessionRow>> ListAsync(Guid account, DateTimeOffset now, CancellationToken ct) =>
        views.ListAsync<SessionRow>(
            $"""
            select session_id, account_id, device, created_at, last_used_at, expires_at
            from {views.Table<SessionsProjection>()}
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
