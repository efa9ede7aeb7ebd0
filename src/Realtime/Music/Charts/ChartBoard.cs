using System.Text.Json;
using Microsoft.Extensions.Logging;
using Veza.Domain.Music.Listening;
using Veza.EventStore;
using Veza.EventStore.Concurrency;
using Veza.Projections;
using Veza.Projections.Music.Charts;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Music.Charts;

/// <summary>
/// Keeps one followed chart current: it reads the chart again after counted plays and at the beginning of each hour, at
/// most once in <see cref="ReadEvery"/>.
/// </summary>
/// <remarks>
/// It reads on a background task until <see cref="Stop"/>. A failed read is logged and tried again. Any thread may call
/// its members.
/// </remarks>
internal sealed class ChartBoard
{
    /// <summary>People cannot read a chart that changes faster.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(1);

    /// <summary>The wait for the read models to show a play; longer than any healthy lag.</summary>
    private static readonly TimeSpan ReachedWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The interval of checks while no play is counted: a failover may move the head back, which wakes no waiter beyond
    /// it.
    /// </summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    private const int EventsMax = 1000;

    private readonly EventLog _log;
    private readonly ChartQueries _charts;
    private readonly ReadModelsReached _reached;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile LiveMessage.ChartChanged? _newest;
    private List<ChartEntryView>? _published;

    public ChartBoard(
        FollowedChart chart,
        Guid openedBy,
        EventLog log,
        ChartQueries charts,
        ReadModelsReached reached,
        TimeProvider clock,
        ILogger logger
    )
    {
        Chart = chart;
        OpenedBy = openedBy;
        _log = log;
        _charts = charts;
        _reached = reached;
        _clock = clock;
        _logger = logger;
        _ = Task.Run(RunAsync);
    }

    public FollowedChart Chart { get; }

    /// <summary>The account that followed it first.</summary>
    public Guid OpenedBy { get; }

    /// <summary>Guarded by the lock of <see cref="LiveCharts"/>.</summary>
    public int Followers { get; set; }

    /// <summary>Null before the first read.</summary>
    public LiveMessage.ChartChanged? Newest => _newest;

    /// <summary>Completes at the next change.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    public void Wake() =>
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    public void Stop() => _stopping.Cancel();

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var position = _log.Head;
                var moment = _clock.GetUtcNow();
                await ReadAsync(position, moment);
                await Task.Delay(ReadEvery, _clock, _stopping.Token);
                await NextAsync(position, HourlyPlaysProjection.HourOf(moment).AddHours(1));
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                _logger.LogWarning("Reading {Chart} failed and is tried again: {Reason}", Chart, fault.Message);
                await Task.Delay(ReadEvery, _clock);
            }
        }
    }

    private async Task ReadAsync(long position, DateTimeOffset moment)
    {
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token))
        {
            limit.CancelAfter(ReachedWithin);
            await _reached(ChartQueries.Reads, position, limit.Token);
        }
        var entries = await _charts.ListAsync(
            Chart.Chart,
            Chart.Span,
            Chart.Genre,
            moment,
            ReadModels.PageMax,
            _stopping.Token
        );
        // Scores of trending charts fade continuously and all alike, which alone is no change.
        var unscored = entries.ConvertAll(e => e with { Score = 0 });
        if (_published is not null && _published.SequenceEqual(unscored))
            return;
        _published = unscored;
        _newest = new(
            _log.Epoch,
            position,
            moment,
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    Chart.Chart,
                    Chart.Span,
                    Chart.Genre,
                    Items = entries,
                },
                _log.Types.Json
            )
        );
        Wake();
    }

    /// <summary>
    /// Completes when a play is counted after a position, at the given hour, which moves the spans, or after a
    /// failover.
    /// </summary>
    private async Task NextAsync(long after, DateTimeOffset hour)
    {
        var generation = _log.HistoryGeneration;
        var counted = _log.Types.Describe(typeof(PlayCounted)).Name;
        while (_log.HistoryGeneration == generation && _clock.GetUtcNow() < hour)
        {
            var events = await _log.ReadAfterAsync(after, EventsMax, _stopping.Token);
            if (events.Exists(e => e.Name == counted))
                return;
            if (events.Count > 0)
            {
                after = events[^1].Position;
                continue;
            }
            var left = hour - _clock.GetUtcNow();
            var wait = TimeSpan.FromTicks(Math.Clamp(left.Ticks, 0, LookEvery.Ticks));
            await _log.Tail.WaitAsync(after, _stopping.Token).EndsWithinAsync(wait, _clock, _stopping.Token);
        }
    }
}
