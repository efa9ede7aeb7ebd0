using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>An API key that is not revoked.</summary>
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
    public const string ProjectionName = "accounts.api_keys.v1";

    public override string Name => ProjectionName;

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
