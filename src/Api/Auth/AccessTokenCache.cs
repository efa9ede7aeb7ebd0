using System.Collections.Concurrent;
using Microsoft.AspNetCore.Authentication;
using Veza.Api.Http;

namespace Veza.Api.Auth;

/// <summary>
/// Authenticates callers by access token. Verifies each token once and caches it until it expires, so that a request
/// costs a look-up instead of a signature check. Safe from any thread.
/// </summary>
public sealed class AccessTokenCache(AccessTokens tokens, EndedSessions ended, TimeProvider clock)
{
    public const string Scheme = "Bearer";

    /// <summary>
    /// Tokens remembered, in two halves; the older is dropped when the newer is full. About 3 kB each, 200 MB at most.
    /// </summary>
    public const int TokensMax = 65_536;

    public static readonly AuthenticationFailureException Expired = new(
        "the access token is past its time; refresh it"
    );
    public static readonly AuthenticationFailureException Ended = new(
        "the session of this access token was ended; sign in again"
    );

    private ConcurrentDictionary<string, Known> _newer = new(),
        _older = new();

    public AuthenticateResult Authenticate(ReadOnlySpan<char> token)
    {
        if (token.Length > Jws.LengthMax)
            return AuthenticateResult.Fail(
                new AuthenticationFailureException($"the access token is longer than {Jws.LengthMax} characters")
            );
        if (_newer.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out var known))
            return Still(known);
        var text = token.ToString();
        if (!_older.TryGetValue(text, out known))
        {
            if (tokens.Read(text, out var fault) is not { } read)
                return AuthenticateResult.Fail(
                    fault == TokenFault.Expired
                        ? Expired
                        : new AuthenticationFailureException($"the access token is not good: {Say(fault)}")
                );
            known = new(read, AuthenticateResult.Success(new(new CallerPrincipal(read.Caller), Scheme)));
        }
        Remember(text, known);
        return Still(known);
    }

    private AuthenticateResult Still(Known known) =>
        ended.Has(known.Token.Caller.SessionId) ? AuthenticateResult.Fail(Ended)
        : known.Token.GoodUntil <= clock.GetUtcNow() || ended.IsTooOldToTell(known.Token)
            ? AuthenticateResult.Fail(Expired)
        : known.Result;

    private void Remember(string token, Known known)
    {
        // Two threads may both swap the halves. That only drops more than needed.
        if (_newer.Count >= TokensMax / 2)
            (_older, _newer) = (_newer, new());
        _newer.TryAdd(token, known);
    }

    private static string Say(TokenFault fault) =>
        fault switch
        {
            TokenFault.OtherKind => "it is not an ES256 access token",
            TokenFault.UnknownKey => "it is signed with a key that is not among those in use",
            TokenFault.WrongSignature => "its signature does not fit",
            TokenFault.WrongClaims =>
                "its issuer, audience, account, session, times, roles or scope are not as they must be",
            TokenFault.NotYetValid => "its time has not come yet",
            _ => "it is malformed",
        };

    private sealed record Known(AccessToken Token, AuthenticateResult Result);
}
