using Veza.EventStore.Concurrency;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Presence;

/// <summary>
/// One device's watch, and its messages that wait to be read: the newest status of each account, so that a slow device
/// costs a bounded amount of memory. Any thread may call it; one reader calls <see cref="NextAsync"/>.
/// </summary>
public sealed class PresenceWatch
{
    private readonly PresenceLimits _limits;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly Dictionary<Topic, Guid> _topics;
    private readonly Wakeup _changed = new();
    private Dictionary<Guid, PresenceStatus> _presence = [];
    private Dictionary<(Guid Channel, Guid Account), DateTimeOffset> _typing = [];
    private List<string> _closed = [];

    /// <param name="topics">The watched topics, each with its community.</param>
    internal PresenceWatch(LiveCaller caller, Dictionary<Topic, Guid> topics, PresenceLimits limits, TimeProvider clock)
    {
        Caller = caller;
        _topics = topics;
        _limits = limits;
        _clock = clock;
    }

    internal LiveCaller Caller { get; }
    internal IReadOnlyList<Topic> Topics
    {
        get
        {
            lock (_gate)
                return [.. _topics.Keys];
        }
    }

    internal Guid? CommunityOf(Topic topic)
    {
        lock (_gate)
            return _topics.TryGetValue(topic, out var community) ? community : null;
    }

    /// <returns>Null when no topic is left.</returns>
    internal async Task<PresenceMessage?> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            if (Take() is { } message)
                return message;
            lock (_gate)
                if (_topics.Count == 0)
                    return null;
            await _changed.WaitAsync(ct);
        }
    }

    internal void Put(Guid account, PresenceStatus status)
    {
        lock (_gate)
            if (_presence.Count < _limits.WaitingPerWatchMax || _presence.ContainsKey(account))
                _presence[account] = status;
            else
                LiveMetrics.PresenceDropped.Add(1);
        _changed.Set();
    }

    internal void Put(Guid channel, Guid account, DateTimeOffset expires)
    {
        lock (_gate)
            if (_typing.Count < _limits.WaitingPerWatchMax)
                _typing[(channel, account)] = expires;
            else
                LiveMetrics.PresenceDropped.Add(1);
        _changed.Set();
    }

    /// <summary>Ends the watch of a community's topics.</summary>
    /// <param name="community">Null ends the watch of all topics.</param>
    internal void Close(Guid? community)
    {
        lock (_gate)
            foreach (var (topic, _) in _topics.Where(t => community is null || t.Value == community).ToList())
                Remove(topic);
        _changed.Set();
    }

    /// <summary>Ends the watch of one topic.</summary>
    internal void Close(Topic topic)
    {
        lock (_gate)
            Remove(topic);
        _changed.Set();
    }

    private void Remove(Topic topic)
    {
        if (_topics.Remove(topic))
            _closed.Add(topic.ToString());
    }

    private PresenceMessage? Take()
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            var message = new PresenceMessage(
                [.. _presence.Select(p => new PresenceItem(p.Key, p.Value))],
                [
                    .. _typing
                        .Where(t => t.Value > now)
                        .Select(t => new TypingItem(
                            t.Key.Channel,
                            t.Key.Account,
                            (int)(t.Value - now).TotalMilliseconds
                        )),
                ],
                _closed
            );
            _presence = [];
            _typing = [];
            _closed = [];
            return message is { Presence.Count: 0, Typing.Count: 0, Closed.Count: 0 } ? null : message;
        }
    }
}
