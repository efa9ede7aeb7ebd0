namespace Veza.Media.Live;

/// <summary>The broadcasts on this node, by id. A mount that ends removes itself. Safe from any thread.</summary>
public sealed class Mounts
{
    private readonly BroadcastLimits _limits;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Mount> _mounts = [];

    public Mounts(BroadcastLimits limits, TimeProvider time)
    {
        _limits = limits;
        _time = time;
        BroadcastMetrics.ObserveMounts(All);
    }

    public BroadcastLimits Limits => _limits;

    public int Count
    {
        get
        {
            lock (_gate)
                return _mounts.Count;
        }
    }

    public Mount? Find(Guid broadcastId)
    {
        lock (_gate)
            return _mounts.GetValueOrDefault(broadcastId);
    }

    public IReadOnlyList<Mount> All()
    {
        lock (_gate)
            return [.. _mounts.Values];
    }

    /// <summary>The broadcast's mount, created if there is none.</summary>
    /// <returns>Null when there are <see cref="BroadcastLimits.StreamsMax"/> already.</returns>
    public Mount? Open(Guid broadcastId, BroadcastFormat format)
    {
        lock (_gate)
        {
            if (_mounts.TryGetValue(broadcastId, out var there) && there.State != MountState.Ended)
                return there;
            if (there is null && _mounts.Count >= _limits.StreamsMax)
                return null;
            var mount = _mounts[broadcastId] = new Mount(broadcastId, format, _limits, _time);
            _ = RemoveWhenEndedAsync(mount);
            return mount;
        }
    }

    private async Task RemoveWhenEndedAsync(Mount mount)
    {
        await mount.Completion;
        lock (_gate)
        {
            // Another mount may have replaced it in the meantime.
            if (_mounts.TryGetValue(mount.BroadcastId, out var there) && there == mount)
                _mounts.Remove(mount.BroadcastId);
        }
    }
}
