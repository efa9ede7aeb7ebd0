using System.Collections.Frozen;
using System.Security.Claims;

namespace Veza.Realtime;

/// <summary>Who subscribes, as far as it matters here.</summary>
/// <param name="SessionId">
/// The sign-in session; null for a token that has none. When it ends, so do its subscriptions.
/// </param>
/// <param name="MayReadLog">Has the scope <c>log:read</c>.</param>
public sealed record LiveCaller(Guid AccountId, Guid? SessionId, bool MayReadLog)
{
    public const string SessionClaim = "sid";
    public const string ScopeClaim = "scope";
    public const string LogReadScope = "log:read";

    /// <summary>Borne by who acts under an API key.</summary>
    public const string ApiKeyClaim = "api_key";

    /// <summary>All that an API key may do; null for a person, who may do all that the account may.</summary>
    public IReadOnlySet<string>? KeyScopes { get; init; }

    /// <returns>The first scope that an API key lacks; null when it has all, and for a person.</returns>
    public string? Missing(params IReadOnlyList<string> scopes)
    {
        if (KeyScopes is not { } held)
            return null;
        foreach (var scope in scopes)
            if (!held.Contains(scope))
                return scope;
        return null;
    }

    /// <returns>Null for somebody without an account.</returns>
    public static LiveCaller? From(ClaimsPrincipal? user)
    {
        if (!Guid.TryParse(user?.FindFirstValue(ClaimTypes.NameIdentifier), out var account))
            return null;
        Guid? session = Guid.TryParse(user.FindFirstValue(SessionClaim), out var id) ? id : null;
        var caller = new LiveCaller(account, session, user.HasClaim(ScopeClaim, LogReadScope));
        if (!user.HasClaim(c => c.Type == ApiKeyClaim))
            return caller;
        return caller with { KeyScopes = user.FindAll(ScopeClaim).Select(c => c.Value).ToFrozenSet() };
    }
}
