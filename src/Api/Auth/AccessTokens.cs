using System.Collections.Frozen;
using System.Text.Json;
using Veza.Api.Http;

namespace Veza.Api.Auth;

/// <summary>
/// Issues and reads access tokens (RFC 9068): the caller, the session and the permissions, signed, valid for a quarter
/// of an hour.
/// </summary>
public sealed class AccessTokens(SigningKeys keys, TimeProvider clock)
{
    /// <summary>
    /// Short, so that a revoked role is soon gone. An ended session is refused immediately, even if its tokens are
    /// still valid.
    /// </summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    /// <summary>Largest accepted difference between the clocks of two nodes.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    public const string Issuer = "veza";
    public const string Audience = "veza";
    private const string Type = "at+jwt";

    public string Issue(Guid account, Guid session, IReadOnlyCollection<string> roles)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return Jws.Sign(
            keys.Current,
            Type,
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    iss = Issuer,
                    aud = Audience,
                    sub = account,
                    sid = session,
                    iat = now,
                    nbf = now,
                    exp = now + (long)Life.TotalSeconds,
                    roles,
                    scope = string.Join(' ', Scope.Of(roles)),
                }
            )
        );
    }

    /// <returns>The content of a valid token; null with the fault otherwise.</returns>
    public AccessToken? Read(string token, out TokenFault fault)
    {
        if (Jws.Open(token, Type, keys.Find, out fault) is not { } claims)
            return null;
        fault = TokenFault.WrongClaims;
        if (Jws.Text(claims, "iss") != Issuer || Jws.Text(claims, "aud") != Audience)
            return null;
        if (
            !Guid.TryParseExact(Jws.Text(claims, "sub"), "D", out var account)
            || !Guid.TryParseExact(Jws.Text(claims, "sid"), "D", out var session)
        )
            return null;
        if (
            Time(claims, "iat") is not { } issued
            || Time(claims, "nbf") is not { } from
            || Time(claims, "exp") is not { } until
            || until - issued > Life
        )
            return null;
        if (Roles(claims) is not { } roles || Jws.Text(claims, "scope") is not { } scope)
            return null;
        var now = clock.GetUtcNow();
        fault = TokenFault.NotYetValid;
        if (issued > now + ClockSkew || from > now + ClockSkew)
            return null;
        fault = TokenFault.Expired;
        if (until + ClockSkew <= now)
            return null;
        fault = TokenFault.None;
        var scopes = scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet();
        return new(new Caller(account, session, roles) { Scopes = scopes }, issued, until + ClockSkew);
    }

    /// <summary>Whole seconds since 1970, in the range of years that a date can have.</summary>
    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var seconds)
        && seconds is >= 0 and < 253_402_300_800 - 60
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    private static FrozenSet<string>? Roles(JsonElement claims) =>
        claims.TryGetProperty("roles", out var roles)
        && roles.ValueKind == JsonValueKind.Array
        && roles.EnumerateArray().All(r => r.ValueKind == JsonValueKind.String)
            ? roles.EnumerateArray().Select(r => r.GetString()!).ToFrozenSet()
            : null;
}

/// <param name="GoodUntil">Includes the allowed clock skew.</param>
public sealed record AccessToken(Caller Caller, DateTimeOffset IssuedAt, DateTimeOffset GoodUntil);
