using System.Security.Claims;
using Veza.Realtime.Engine;

namespace Veza.Api.Http;

/// <summary>Who makes a request: the account, the session it signed in with, and what its token allows.</summary>
public sealed record Caller(Guid AccountId, Guid SessionId, IReadOnlySet<string> Roles)
{
    /// <summary>What the token allows beyond what every account may do: <c>log:read</c>.</summary>
    public IReadOnlySet<string> Scopes { get; init; } = System.Collections.Frozen.FrozenSet<string>.Empty;

    /// <summary>
    /// It is a program under an API key, which may do nothing but what its scopes say; its session is the key.
    /// </summary>
    public bool IsApiKey { get; init; }

    /// <summary>
    /// Bound into endpoints that need to know who asks; authorisation has already seen to it that somebody does.
    /// </summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) =>
        ValueTask.FromResult((context.User as CallerPrincipal)?.Caller);
}

/// <summary>
/// The caller as ASP.NET Core carries it. Made once per token and shared by the requests that bear it.
/// </summary>
public sealed class CallerPrincipal(Caller caller)
    : ClaimsPrincipal(
        new ClaimsIdentity(
            [
                new(ClaimTypes.NameIdentifier, caller.AccountId.ToString()),
                new(LiveCaller.SessionClaim, caller.SessionId.ToString()),
                .. caller.Roles.Select(r => new Claim(ClaimTypes.Role, r)),
                .. caller.Scopes.Select(s => new Claim(LiveCaller.ScopeClaim, s)),
                .. caller.IsApiKey ? (Claim[])[new(LiveCaller.ApiKeyClaim, "true")] : [],
            ],
            "Bearer"
        )
    )
{
    public Caller Caller { get; } = caller;
}
