using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>An API key that was not revoked.</summary>
/// <param name="Scopes">Separated by spaces.</param>
public sealed record ApiKeyRow(
    Guid KeyId,
    Guid AccountId,
    string Name,
    string Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
);

public sealed class ApiKeysProjection : Projection<ApiKeyRow, Guid>
{
    public override string Name => "accounts.api_keys.v1";

    public ApiKeysProjection()
    {
        Identity<ApiKeyCreated>(e => e.KeyId);
        Identity<SessionEnded>(e => e.SessionId);
        Index("account_id, created_at desc");
        Erases<AccountErased>(e => e.AccountId, "account_id", ("name", ""));
    }

    public static ApiKeyRow Create(ApiKeyCreated e, RecordedEvent at) =>
        new(e.KeyId, e.AccountId, e.Name, string.Join(' ', e.Scopes), at.At, e.ExpiresAt);

    public static ApiKeyRow? Apply(SessionEnded _, ApiKeyRow row) => null;
}

public sealed class ApiKeyQueries(ReadModels views)
{
    public static readonly string[] Reads = ["accounts.api_keys.v1"];

    /// <returns>An account's keys in force, the newest first.</returns>
    public Task<List<ApiKeyRow>> ListAsync(Guid account, DateTimeOffset now, CancellationToken ct) =>
        views.ListAsync<ApiKeyRow>(
            """
            select key_id, account_id, name, scopes, created_at, expires_at from views.accounts_api_keys
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
