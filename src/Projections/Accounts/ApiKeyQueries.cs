using Veza.Domain.Accounts;

namespace Veza.Projections.Accounts;

/// <summary>Reads the API keys of an account.</summary>
public sealed class ApiKeyQueries(ReadModels views)
{
    public static readonly string[] Reads = [ApiKeysProjection.ProjectionName];

    /// <returns>An account's valid keys, newest first.</returns>
    public Task<List<ApiKeyRow>> ListAsync(Guid account, DateTimeOffset now, CancellationToken ct) =>
        views.ListAsync<ApiKeyRow>(
            $"""
            select key_id, account_id, name, scopes, created_at, expires_at
            from {views.Table<ApiKeysProjection>()}
            where account_id = @account and expires_at > @now order by created_at desc, key_id limit @max
            """,
            new
            {
                account,
                now,
                max = Account.ApiKeysRemembered,
            },
            ct
        );
}
