using System.Collections.Concurrent;

namespace Veza.Realtime;

/// <summary>
/// Those who were woken go on here, a few after one another at a time. An event that concerns ten thousand would
/// otherwise put ten thousand items into the thread pool's one queue, and every command, and the next event with it,
/// would wait behind them all.
/// </summary>
internal sealed class SubscriberScheduler : IThreadPoolWorkItem
{
    /// <summary>
    /// Readers in a turn: about a tenth of a millisecond. Then whatever else the pool has to do gets its turn.
    /// </summary>
    private const int ReadersAtOnce = 16;

    private static readonly int WorkersMax = Environment.ProcessorCount;

    private readonly ConcurrentQueue<ReusableSignal> _woken = new();
    private int _workers;

    public void Add(ReusableSignal woken)
    {
        _woken.Enqueue(woken);
        StartOne();
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var i = 0; i < ReadersAtOnce && _woken.TryDequeue(out var next); i++)
            next.GoOn();
        if (!_woken.IsEmpty)
        {
            Queue();
            return;
        }
        Interlocked.Decrement(ref _workers);
        // Who was added after the look and before the decrement may have found nobody to start.
        if (!_woken.IsEmpty)
            StartOne();
    }

    private void StartOne()
    {
        var workers = Volatile.Read(ref _workers);
        while (workers < WorkersMax)
        {
            var before = Interlocked.CompareExchange(ref _workers, workers + 1, workers);
            if (before == workers)
            {
                Queue();
                return;
            }
            workers = before;
        }
    }

    private void Queue() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}
