namespace Veza.Realtime.Presence;

/// <summary>An account's status and number of devices on one node, or on all together.</summary>
public readonly record struct NodePresence(PresenceStatus Status, int Devices);

/// <summary>
/// The presence of accounts on all nodes, as far as this node has received it. Any thread may call it; it does no I/O.
/// </summary>
public sealed class PresenceBoard(Guid self, PresenceLimits limits, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Dictionary<string, PresenceStatus>> _devices = [];
    private readonly Dictionary<Guid, Node> _nodes = new() { [self] = new() };
    private readonly Dictionary<Guid, DateTimeOffset> _lastSeen = [];
    private HashSet<Guid> _changed = [];
    private HashSet<Guid> _unsent = [];

    private sealed class Node
    {
        public DateTimeOffset HeardAt;
        public Dictionary<Guid, NodePresence> Accounts = [];
    }

    /// <summary>An account's status over all its devices, and their number.</summary>
    public NodePresence Of(Guid account)
    {
        lock (_gate)
            return Read(account);
    }

    /// <returns>
    /// The minute in which an account was last online; null when it is online now, or the minute is unknown.
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
            _unsent.Add(account);
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
            _unsent.Add(account);
        }
    }

    /// <summary>Applies the presence that another node sent.</summary>
    /// <param name="whole">Whether these are all accounts of the node; others are then offline there.</param>
    public void Receive(Guid node, IReadOnlyList<(Guid Account, NodePresence Presence)> entries, bool whole)
    {
        if (node == self)
            return;
        lock (_gate)
        {
            if (!_nodes.TryGetValue(node, out var state))
                _nodes.Add(node, state = new());
            state.HeardAt = clock.GetUtcNow();
            if (whole)
                foreach (var account in state.Accounts.Keys.Except(entries.Select(t => t.Account)).ToList())
                    Put(state, account, default);
            foreach (var (account, presence) in entries)
                Put(state, account, presence);
        }
    }

    /// <summary>
    /// Removes a node that stopped; null removes those silent for <see cref="PresenceLimits.GoneAfter"/>.
    /// </summary>
    public void RemoveNodes(Guid? gone)
    {
        lock (_gate)
            foreach (
                var (id, node) in _nodes
                    .Where(n =>
                        n.Key != self
                        && (gone is null ? clock.GetUtcNow() - n.Value.HeardAt > limits.GoneAfter : n.Key == gone)
                    )
                    .ToList()
            )
            {
                foreach (var account in node.Accounts.Keys.ToList())
                    Put(node, account, default);
                _nodes.Remove(id);
            }
    }

    /// <returns>The accounts whose visible status changed since the last call.</returns>
    public HashSet<Guid> TakeChanged()
    {
        lock (_gate)
        {
            var taken = _changed;
            _changed = [];
            return taken;
        }
    }

    /// <param name="whole">True takes all accounts here, false only the changed ones.</param>
    /// <returns>This node's presence that the other nodes must receive.</returns>
    public List<(Guid Account, NodePresence Presence)> TakeUnsent(bool whole)
    {
        lock (_gate)
        {
            var accounts = _nodes[self].Accounts;
            var taken = whole
                ? accounts.Select(a => (a.Key, a.Value)).ToList()
                : [.. _unsent.Select(a => (a, accounts.GetValueOrDefault(a)))];
            _unsent = [];
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
        // An arbitrary entry is evicted: the bound matters, not which account it is.
        if (_lastSeen.Count >= limits.LastSeenMax && !_lastSeen.ContainsKey(account))
            _lastSeen.Remove(_lastSeen.Keys.First());
        _lastSeen[account] = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));
    }
}
