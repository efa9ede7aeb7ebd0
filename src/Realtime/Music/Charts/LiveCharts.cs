using Microsoft.Extensions.Logging;
using Veza.EventStore;
using Veza.Projections.Music.Charts;

namespace Veza.Realtime.Music.Charts;

/// <summary>
/// The charts that somebody follows here. Each is read once however many follow it, and while nobody does, not at all.
/// </summary>
public sealed class LiveCharts(
    EventLog log,
    ChartQueries charts,
    ReadModelsReached reached,
    TimeProvider clock,
    ILogger<LiveCharts> logger
)
{
    /// <summary>
    /// Charts followed at once: reading all of them takes a second or two of the database's time, and is then the
    /// rhythm in which they change.
    /// </summary>
    public const int ChartsMax = 200;

    /// <summary>Of these, the ones that one account was the first to follow. A page shows a few.</summary>
    public const int ChartsPerAccountMax = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<FollowedChart, ChartBoard> _boards = [];

    internal bool IsStopping { get; private set; }

    /// <summary>Charts that are followed now.</summary>
    public int Followed
    {
        get
        {
            lock (_gate)
                return _boards.Count;
        }
    }

    /// <param name="account">
    /// Whose following it is. A chart that others follow already costs an account nothing.
    /// </param>
    /// <param name="refusal">That too many other charts are followed, when the answer is null.</param>
    public ChartFollower? Follow(FollowedChart chart, Guid account, out LiveRefusal? refusal)
    {
        lock (_gate)
        {
            if (!_boards.TryGetValue(chart, out var board))
            {
                refusal = RefusalOf(account);
                if (refusal is not null)
                    return null;
                board = new(chart, account, log, charts, reached, clock, logger);
                _boards.Add(chart, board);
            }
            refusal = null;
            board.Followers++;
            return new(this, board);
        }
    }

    private LiveRefusal? RefusalOf(Guid account)
    {
        if (_boards.Count >= ChartsMax)
            return LiveRefusal.TooManyCharts(ChartsMax);
        return _boards.Values.Count(b => b.OpenedBy == account) >= ChartsPerAccountMax
            ? LiveRefusal.TooManyChartsOfOne(ChartsPerAccountMax)
            : null;
    }

    /// <summary>Ends everybody's following with the reason <c>server_stopping</c>.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            IsStopping = true;
            foreach (var board in _boards.Values)
                board.Wake();
        }
    }

    internal void Leave(ChartBoard board)
    {
        lock (_gate)
        {
            if (--board.Followers > 0)
                return;
            _boards.Remove(board.Chart);
        }
        board.Stop();
    }
}

/// <summary>Somebody who follows a chart, to be disposed of when they no longer do.</summary>
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
    /// The chart as it is, then as it has become whenever it has changed; who is slow gets the newest and not what it
    /// was in between.
    /// </summary>
    /// <param name="session">Whose following it is; it ends with it, with the reason <c>session_ended</c>.</param>
    public async IAsyncEnumerable<LiveMessage> ReadAsync(
        LiveSession session,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        LiveMessage? seen = null;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, session.Ended);
        while (true)
        {
            // Taken before looking, so that a change in between completes it.
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
