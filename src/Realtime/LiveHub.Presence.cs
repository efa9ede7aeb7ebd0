using System.Runtime.CompilerServices;
using Veza.Realtime.Engine;
using Veza.Realtime.Presence;

namespace Veza.Realtime;

// Presence and typing use separate methods and a separate stream: their messages may be lost, but no position may be.
public sealed partial class LiveHub
{
    /// <param name="status">
    /// The status of this device: <c>online</c>, <c>idle</c>, <c>dnd</c> or <c>invisible</c>. It holds until the device
    /// sets another one or its connection ends.
    /// </param>
    public async Task SetPresence(string status)
    {
        var device = Device();
        var caller = Caller(TopicScopes.ForSettingPresence);
        using var session = await OpenAsync(caller, Context.ConnectionAborted);
        if (PresenceStatuses.Parse(status) is not { } parsed)
            throw Refused(LiveRefusal.StatusInvalid(status));
        if (!Counter.TryPass(ref device.StatusAt, presence.Limits.StatusEvery, clock))
            throw Refused(LiveRefusal.StatusTooFast(presence.Limits.StatusEvery));
        if (!presence.Board.Set(caller.AccountId, Context.ConnectionId, parsed))
            throw Refused(LiveRefusal.TooManyDevices(presence.Limits.DevicesPerAccountMax));
    }

    /// <summary>Called at keystrokes; calls that come too often are ignored.</summary>
    public async Task Typing(Guid channelId)
    {
        var device = Device();
        var caller = Caller(TopicScopes.ForTyping);
        using var session = await OpenAsync(caller, Context.ConnectionAborted);
        if (
            Counter.TryPass(ref device.TypedAt, presence.Limits.TypingEvery, clock)
            && await OrRefusedAsync(presence.TypeAsync(caller, channelId, Context.ConnectionAborted)) is { } no
        )
            throw Refused(no);
    }

    /// <summary>
    /// Streams the presence of the members of each <c>community:{id}</c> and the typing in each <c>channel:{id}</c>
    /// from now on. REST answers the state at the beginning.
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
