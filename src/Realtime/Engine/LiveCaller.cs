using System.Collections.Frozen;
using System.Security.Claims;

namespace Veza.Realtime.Engine;

/// <summary>The account, session and scopes of a subscriber.</summary>
/// <param name="SessionId">
/// The sign-in session; null for a token without one. Its end closes its subscriptions.
/// </param>
/// <param name="MayReadLog">Whether the token has the scope <c>log:read</c>.</param>
public sealed record LiveCaller(Guid AccountId, Guid? SessionId, bool MayReadLog)
{
    public const string SessionClaim = "sid";
    public const string ScopeClaim = "scope";
    public const string LogReadScope = "log:read";

    /// <summary>The claim that marks a caller with an API key.</summary>
    public const string ApiKeyClaim = "api_key";

    /// <summary>The scopes of an API key; null for a signed-in person, who has all rights of the account.</summary>
    public IReadOnlySet<string>? KeyScopes { get; init; }

    /// <returns>The first scope that an API key lacks; null when it has all, and for a signed-in person.</returns>
    public string? Missing(params IReadOnlyList<string> scopes)
    {
        if (KeyScopes is not { } held)
            return null;
        foreach (var scope in scopes)
            if (!held.Contains(scope))
                return scope;
        return null;
    }

    /// <returns>Null for a caller without an account.</returns>
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
