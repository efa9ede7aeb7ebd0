using System.Runtime.CompilerServices;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Music.Charts;

/// <summary>One client's stream of a chart. Disposing it ends the following.</summary>
public sealed class ChartFollower : IDisposable
{
    private readonly LiveCharts _charts;
    private readonly ChartBoard _board;
    private int _left;

    internal ChartFollower(LiveCharts charts, ChartBoard board)
    {
        _charts = charts;
        _board = board;
    }

    /// <summary>
    /// The current chart, then the newest after each change; a slow reader skips the states in between.
    /// </summary>
    /// <param name="session">The stream ends with this session, with the reason <c>session_ended</c>.</param>
    public async IAsyncEnumerable<LiveMessage> ReadAsync(
        LiveSession session,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        LiveMessage? seen = null;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, session.Ended);
        while (true)
        {
            // Read before the chart, so that a change in between completes it.
            var changed = _board.Changed;
            if (_charts.IsStopping)
            {
                yield return new LiveMessage.Closed("server_stopping");
                yield break;
            }
            if (session.HasEnded)
            {
                yield return new LiveMessage.Closed("session_ended");
                yield break;
            }
            if (_board.Newest is { } newest && newest != seen)
            {
                yield return seen = newest;
                continue;
            }
            await changed.WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
            _charts.Leave(_board);
    }
}
