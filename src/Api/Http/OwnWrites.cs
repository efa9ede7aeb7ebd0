using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Veza.Api.Http;

/// <summary>
/// Remembers each account's last write, so that its reads wait for that write without a header. This node keeps the
/// position in memory; a cookie carries it to the other nodes.
/// </summary>
/// <remarks>
/// Safe from any thread. A lost position costs only the wait: the read may then be older than the write, as for every
/// other account. See docs/decisions/0061-a-read-waits-for-its-callers-last-write.md.
/// </remarks>
public sealed class OwnWrites
{
    /// <summary>
    /// Accounts remembered, in two halves of which the older is dropped when the newer is full. About 100 bytes each, 7
    /// MB at most. A dropped position is older than the last write of half as many others, so read models have long
    /// passed it.
    /// </summary>
    public const int AccountsMax = 65_536;

    public const string Cookie = "veza_after";

    /// <summary>
    /// Longer than any healthy lag of a read model; a node that lags more refuses after
    /// <see cref="ReadYourWrites.WaitMax"/>.
    /// </summary>
    private const int CookieSeconds = 60;

    private ConcurrentDictionary<Guid, long> _newer = new(),
        _older = new();

    public void Record(Guid account, long position)
    {
        // Two threads may both swap the halves. That only drops more than needed.
        if (_newer.Count >= AccountsMax / 2 && !_newer.ContainsKey(account))
            (_older, _newer) = (_newer, new());
        _newer.AddOrUpdate(account, static (_, now) => now, static (_, before, now) => Math.Max(before, now), position);
    }

    /// <returns>0 when no position is remembered.</returns>
    public long Of(Guid account) =>
        _newer.TryGetValue(account, out var position) || _older.TryGetValue(account, out position) ? position : 0;

    /// <returns>
    /// The position of the last write that this node or the request's cookie names; 0 when there is none.
    /// </returns>
    internal long Of(HttpContext http)
    {
        var here = (http.User as CallerPrincipal)?.Caller is { } caller ? Of(caller.AccountId) : 0;
        if (StringValues.IsNullOrEmpty(http.Request.Headers.Cookie))
            return here;
        // A client's cookie may hold anything. It must not refuse a read that did not ask to wait.
        var text = http.Request.Cookies[Cookie];
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var elsewhere)
            ? Math.Max(here, elsewhere)
            : here;
    }

    /// <summary>Makes the caller's next reads wait for this write, on this node and all others.</summary>
    internal void Record(HttpContext http, Guid account, long position)
    {
        Record(account, position);
        // It names a position and grants nothing, so another site may send it along. No script needs it.
        http.Response.Headers.SetCookie = string.Create(
            CultureInfo.InvariantCulture,
            $"{Cookie}={position}; max-age={CookieSeconds}; path=/api; samesite=lax; httponly"
        );
    }
}
