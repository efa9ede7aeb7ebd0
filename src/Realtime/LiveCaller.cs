using System.Security.Claims;

namespace Veza.Realtime;

/// <summary>Who subscribes, as far as it matters here.</summary>
/// <param name="SessionId">The sign-in session; null for a token that has none. When it ends, so do its subscriptions.</param>
/// <param name="MayReadLog">Has the scope <c>log:read</c>.</param>
public sealed record LiveCaller(Guid AccountId, Guid? SessionId, bool MayReadLog)
{
    public const string SessionClaim = "sid";
    public const string ScopeClaim = "scope";
    public const string LogReadScope = "log:read";
    public const string AnalystRole = "analyst";

    /// <returns>Null for somebody without an account.</returns>
    public static LiveCaller? From(ClaimsPrincipal? user) =>
        !Guid.TryParse(user?.FindFirstValue(ClaimTypes.NameIdentifier), out var account) ? null
        : new(account, Guid.TryParse(user.FindFirstValue(SessionClaim), out var session) ? session : null, CanReadLog(user));

    /// <summary>The role of analysts has the scope; a token may also carry it alone.</summary>
    public static bool CanReadLog(ClaimsPrincipal user) =>
        user.IsInRole(AnalystRole) || user.FindAll(ScopeClaim).Any(c => c.Value.Split(' ').Contains(LogReadScope));
}
