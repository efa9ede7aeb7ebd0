namespace Veza.Realtime.Live.Broadcasts;

/// <summary>The newest level of each broadcast that one subscription follows, until its reader takes it.</summary>
/// <remarks>A slow reader finds the newest and no backlog: it holds one level a broadcast. For any thread.</remarks>
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

    /// <returns>The one whose broadcast has waited longest; null when none waits.</returns>
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
