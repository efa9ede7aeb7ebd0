namespace Veza.Realtime.Presence;

/// <summary>How an account is on one node.</summary>
public readonly record struct NodePresence(PresenceStatus Status, int Devices);

/// <summary>Who is there, on which node, as this one has heard. Thread-safe; no I/O.</summary>
public sealed class PresenceBoard(Guid self, PresenceLimits limits, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Dictionary<string, PresenceStatus>> _devices = [];
    private readonly Dictionary<Guid, Node> _nodes = new() { [self] = new() };
    private readonly Dictionary<Guid, DateTimeOffset> _lastSeen = [];
    private HashSet<Guid> _changed = [];
    private HashSet<Guid> _untold = [];

    private sealed class Node
    {
        public DateTimeOffset Heard;
        public Dictionary<Guid, NodePresence> Accounts = [];
    }

    /// <summary>How an account is over all its devices, and how many they are.</summary>
    public NodePresence Of(Guid account)
    {
        lock (_gate)
            return Read(account);
    }

    /// <returns>
    /// The minute in which an account was last seen to be there; null when it is not known, or it is there.
    /// </returns>
    public DateTimeOffset? LastSeen(Guid account)
    {
        lock (_gate)
            return Read(account).Status.Shown() == PresenceStatus.Offline && _lastSeen.TryGetValue(account, out var at)
                ? at
                : null;
    }

    /// <returns>False when the account has too many devices already.</returns>
    public bool Set(Guid account, string device, PresenceStatus status)
    {
        lock (_gate)
        {
            var devices = _devices.GetValueOrDefault(account);
            if (devices?.ContainsKey(device) != true && Read(account).Devices >= limits.DevicesPerAccountMax)
                return false;
            if (devices is null)
                _devices.Add(account, devices = []);
            devices[device] = status;
            Put(_nodes[self], account, new(Together(devices.Values), devices.Count));
            _untold.Add(account);
            return true;
        }
    }

    public void Remove(Guid account, string device)
    {
        lock (_gate)
        {
            if (!_devices.TryGetValue(account, out var devices) || !devices.Remove(device))
                return;
            if (devices.Count == 0)
                _devices.Remove(account);
            Put(_nodes[self], account, new(Together(devices.Values), devices.Count));
            _untold.Add(account);
        }
    }

    /// <param name="whole">What is not among them is no longer there.</param>
    public void Hear(Guid node, IReadOnlyList<(Guid Account, NodePresence Presence)> told, bool whole)
    {
        if (node == self)
            return;
        lock (_gate)
        {
            if (!_nodes.TryGetValue(node, out var known))
                _nodes.Add(node, known = new());
            known.Heard = clock.GetUtcNow();
            if (whole)
                foreach (var account in known.Accounts.Keys.Except(told.Select(t => t.Account)).ToList())
                    Put(known, account, default);
            foreach (var (account, presence) in told)
                Put(known, account, presence);
        }
    }

    /// <summary>A node said goodbye; null forgets those that have not been heard of for too long.</summary>
    public void Forget(Guid? gone)
    {
        lock (_gate)
            foreach (
                var (id, node) in _nodes
                    .Where(n =>
                        n.Key != self
                        && (gone is null ? clock.GetUtcNow() - n.Value.Heard > limits.GoneAfter : n.Key == gone)
                    )
                    .ToList()
            )
            {
                foreach (var account in node.Accounts.Keys.ToList())
                    Put(node, account, default);
                _nodes.Remove(id);
            }
    }

    /// <returns>Accounts that others see differently than the last time.</returns>
    public HashSet<Guid> TakeChanged()
    {
        lock (_gate)
        {
            var taken = _changed;
            _changed = [];
            return taken;
        }
    }

    /// <param name="whole">All that are here, not only what has changed.</param>
    /// <returns>What the other nodes are to be told of this one.</returns>
    public List<(Guid Account, NodePresence Presence)> TakeUntold(bool whole)
    {
        lock (_gate)
        {
            var accounts = _nodes[self].Accounts;
            var taken = whole
                ? accounts.Select(a => (a.Key, a.Value)).ToList()
                : [.. _untold.Select(a => (a, accounts.GetValueOrDefault(a)))];
            _untold = [];
            return taken;
        }
    }

    private NodePresence Read(Guid account)
    {
        var here = _nodes.Values.Select(n => n.Accounts.GetValueOrDefault(account)).Where(p => p.Devices > 0).ToList();
        return new(Together(here.Select(p => p.Status)), here.Sum(p => p.Devices));
    }

    private static PresenceStatus Together(IEnumerable<PresenceStatus> statuses) => statuses.DefaultIfEmpty().Max();

    private void Put(Node node, Guid account, NodePresence presence)
    {
        var before = Read(account).Status.Shown();
        if (presence.Devices > 0)
            node.Accounts[account] = presence;
        else
            node.Accounts.Remove(account);
        if (Read(account).Status.Shown() == before)
            return;
        if (_changed.Count < limits.ChangesWaitingMax)
            _changed.Add(account);
        if (before == PresenceStatus.Offline)
            return;
        var now = clock.GetUtcNow();
        // Any of them makes room: who it is matters less than that there is a bound.
        if (_lastSeen.Count >= limits.LastSeenMax && !_lastSeen.ContainsKey(account))
            _lastSeen.Remove(_lastSeen.Keys.First());
        _lastSeen[account] = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
    }
}
