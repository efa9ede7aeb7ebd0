using System.Security.Claims;
using Veza.Realtime;

namespace Veza.Api.Http;

/// <summary>The caller of a request: the account, its session, and the rights of its token.</summary>
public sealed record Caller(Guid AccountId, Guid SessionId, IReadOnlySet<string> Roles)
{
    /// <summary>Rights beyond those of every account: <c>log:read</c>.</summary>
    public IReadOnlySet<string> Scopes { get; init; } = System.Collections.Frozen.FrozenSet<string>.Empty;

    /// <summary>
    /// The caller is a program with an API key. It may do only what its scopes allow, and its session is the key.
    /// </summary>
    public bool IsApiKey { get; init; }

    /// <summary>
    /// Binds the caller into endpoints; authorisation has already refused anonymous requests to them.
    /// </summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) =>
        ValueTask.FromResult((context.User as CallerPrincipal)?.Caller);
}

/// <summary>
/// The caller as ASP.NET Core's principal. Created once per token and shared by all requests with that token.
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
