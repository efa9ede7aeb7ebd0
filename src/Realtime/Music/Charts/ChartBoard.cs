using System.Text.Json;
using Microsoft.Extensions.Logging;
using Veza.Domain.Music.Listening;
using Veza.EventStore;
using Veza.EventStore.Concurrency;
using Veza.Projections;
using Veza.Projections.Music.Charts;

namespace Veza.Realtime.Music.Charts;

/// <summary>
/// One chart, read again after plays were counted and when an hour begins, at most once in <see cref="ReadEvery"/>.
/// </summary>
internal sealed class ChartBoard
{
    /// <summary>A chart that changes faster can no longer be read.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(1);

    /// <summary>How long the read models may take to show a play; longer than any healthy lag.</summary>
    private static readonly TimeSpan ReachedWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// While no play is counted: a fork of the log moves its head back, and wakes nobody who waits beyond it.
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
    private List<ChartEntryView>? _told;

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

    /// <summary>The account that was the first to follow it.</summary>
    public Guid OpenedBy { get; }

    /// <summary>Kept under the lock of <see cref="LiveCharts"/>.</summary>
    public int Followers { get; set; }

    /// <summary>Null until it was read for the first time.</summary>
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
        // Scores in trending charts fade at every moment, all alike: that alone is no news.
        var told = entries.ConvertAll(e => e with { Score = 0 });
        if (_told is not null && _told.SequenceEqual(told))
            return;
        _told = told;
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
    /// Completes when a play was counted after a position, when an hour has begun, in which spans begin later, or after
    /// a fork.
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
            await _log
                .Tail.WaitAsync(after, _stopping.Token)
                .EndsWithinAsync(
                    left > LookEvery ? LookEvery
                        : left > TimeSpan.Zero ? left
                        : TimeSpan.Zero,
                    _clock,
                    _stopping.Token
                );
        }
    }
}
