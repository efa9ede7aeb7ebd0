using Microsoft.Extensions.Logging;
using Veza.EventStore;
using Veza.Projections.Music.Charts;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Music.Charts;

/// <summary>
/// The charts that clients of this node follow. Each is read once for all its followers, and not at all without any.
/// Any thread may call it.
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
    /// Different charts followed together. Reading all of them takes a second or two of the database's time, which then
    /// limits how often they change.
    /// </summary>
    public const int ChartsMax = 200;

    /// <summary>Charts that one account followed first. A page shows a few.</summary>
    public const int ChartsPerAccountMax = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<FollowedChart, ChartBoard> _boards = [];

    internal bool IsStopping { get; private set; }

    /// <summary>The number of followed charts.</summary>
    public int Followed
    {
        get
        {
            lock (_gate)
                return _boards.Count;
        }
    }

    /// <param name="account">
    /// The follower's account. A chart that others follow already does not count against its share.
    /// </param>
    /// <param name="refusal">Set when the result is null: too many charts are followed.</param>
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

    /// <summary>Ends every follower's stream with the reason <c>server_stopping</c>.</summary>
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
