using System.Runtime.CompilerServices;
using Veza.Realtime.Presence;

namespace Veza.Realtime;

// Presence and typing are on methods and a stream of their own: what may be lost does not disturb positions, of which
// none may be.
public sealed partial class LiveHub
{
    /// <param name="status">
    /// Of this device: <c>online</c>, <c>idle</c>, <c>dnd</c> or <c>invisible</c>, until it says another one or its
    /// connection ends.
    /// </param>
    public async Task SetPresence(string status)
    {
        var (device, caller) = (Device(), Caller(TopicScopes.ForSettingPresence));
        using var session = await OpenAsync(caller, Context.ConnectionAborted);
        if (PresenceStatuses.Parse(status) is not { } parsed)
            throw Refused(LiveRefusal.StatusInvalid(status));
        if (!Counter.MayTell(ref device.StatusAt, presence.Limits.StatusEvery, clock))
            throw Refused(LiveRefusal.StatusTooFast(presence.Limits.StatusEvery));
        if (!presence.Board.Set(caller.AccountId, Context.ConnectionId, parsed))
            throw Refused(LiveRefusal.TooManyDevices(presence.Limits.DevicesPerAccountMax));
    }

    /// <summary>To be sent at keystrokes: what comes too often is passed over.</summary>
    public async Task Typing(Guid channelId)
    {
        var (device, caller) = (Device(), Caller(TopicScopes.ForTyping));
        using var session = await OpenAsync(caller, Context.ConnectionAborted);
        if (
            Counter.MayTell(ref device.TypedAt, presence.Limits.TypingEvery, clock)
            && await OrRefusedAsync(presence.TypeAsync(caller, channelId, Context.ConnectionAborted)) is { } no
        )
            throw Refused(no);
    }

    /// <summary>
    /// From now on: how the members of each <c>community:{id}</c> are, and who types in each <c>channel:{id}</c>. How
    /// they are at the beginning is asked over REST.
    /// </summary>
    public async IAsyncEnumerable<PresenceMessage> Watch(string[] topics, [EnumeratorCancellation] CancellationToken ct)
    {
        using var counted = Count();
        var caller = Caller(TopicScopes.ForWatching);
        using var session = await OpenAsync(caller, ct);
        var (watch, no) = await OrRefusedAsync(presence.WatchAsync(caller, topics ?? [], ct));
        if (watch is null)
            throw Refused(no!);
        using var ending = session.Ended.UnsafeRegister(static watch => ((PresenceWatch)watch!).Close(null), watch);
        try
        {
            while (await watch.NextAsync(ct) is { } message)
            {
                var handedOut = clock.GetTimestamp();
                yield return message;
                counted.WasTaken(handedOut);
            }
        }
        finally
        {
            presence.End(watch);
        }
    }
}
