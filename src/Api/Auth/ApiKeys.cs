using System.Collections.Frozen;
using Microsoft.AspNetCore.Authentication;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>
/// Authenticates callers by API key. Each request looks up the key and its account among the aggregates that the log's
/// tail keeps fresh, so every node refuses a revoked key immediately.
/// </summary>
public sealed class ApiKeys(
    EventLog log,
    ApiKeyTokens tokens,
    AccountAuthenticator authenticator,
    CommandBus bus,
    TimeProvider clock
)
{
    /// <summary>People and scanners for leaked secrets recognise a key by it.</summary>
    public const string Prefix = "veza_key_";

    private static readonly AuthenticationFailureException NotGood = new(
        "the API key was not issued here, or it is revoked or has expired"
    );

    public async Task<AuthenticateResult> AuthenticateAsync(string text, CancellationToken ct)
    {
        if (
            tokens.Read(text[Prefix.Length..]) is not { } token
            || await log.Aggregates.FindAsync<Session>(token.Id, ct) is not { Ended: false, Scopes: { } scopes } key
            || key.RefreshTokenHash != token.Hash
            || key.ExpiresAt <= clock.GetUtcNow()
            || await authenticator.AccountAsync(key.AccountId, ct) is not { IsOut: false } account
        )
            return AuthenticateResult.Fail(NotGood);
        // Once a day, before the request goes on, so that every use of a key leaves a trace. If the log is busy, the
        // next request records it.
        if (key.UsedOn is not { } last || last < DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime))
            await bus.SendAsync(
                new RecordApiKeyUse(key.Id),
                new CommandContext(Guid.CreateVersion7(), AccountId: null),
                answer: null,
                CancellationToken.None
            );
        // A key never reads more than its account may now, even if the scope was granted.
        var withheld = Scope.All.Except(Scope.Of(authenticator.Roles(account)));
        var caller = new Caller(account.Id, key.Id, FrozenSet<string>.Empty)
        {
            IsApiKey = true,
            Scopes = scopes.Except(withheld).ToFrozenSet(),
        };
        return AuthenticateResult.Success(new(new CallerPrincipal(caller), AccessTokenCache.Scheme));
    }
}
