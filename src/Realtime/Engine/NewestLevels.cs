namespace Veza.Realtime.Engine;

/// <summary>
/// Holds the newest level of each broadcast that a subscription follows until its reader takes it. A slow reader gets
/// the newest levels and no backlog. Any thread may call it.
/// </summary>
internal sealed class NewestLevels
{
    private readonly Lock _gate = new();
    private readonly List<LiveMessage.BroadcastLevel> _waiting = [];

    public bool Any
    {
        get
        {
            lock (_gate)
                return _waiting.Count > 0;
        }
    }

    public void Put(LiveMessage.BroadcastLevel level)
    {
        lock (_gate)
        {
            var at = _waiting.FindIndex(waiting => waiting.BroadcastId == level.BroadcastId);
            if (at < 0)
                _waiting.Add(level);
            else
                _waiting[at] = level;
        }
    }

    /// <returns>The level of the broadcast that has waited longest; null when none waits.</returns>
    public LiveMessage.BroadcastLevel? Take()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
                return null;
            var first = _waiting[0];
            _waiting.RemoveAt(0);
            return first;
        }
    }
}
