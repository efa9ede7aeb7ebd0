using System.Collections.Concurrent;

namespace Veza.Realtime.Engine;

/// <summary>
/// Runs woken subscription readers on the thread pool, a few per work item, in the order of waking (a fan-out
/// scheduler). Any thread may call it.
/// </summary>
/// <remarks>
/// An event with ten thousand subscribers would otherwise put ten thousand items into the pool's queue, ahead of every
/// command and the next event.
/// </remarks>
internal sealed class SubscriberScheduler : IThreadPoolWorkItem
{
    /// <summary>
    /// Readers per work item: about a tenth of a millisecond, after which the pool's other work gets its turn.
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
            next.Continue();
        if (!_woken.IsEmpty)
        {
            Queue();
            return;
        }
        Interlocked.Decrement(ref _workers);
        // A reader added between the check and the decrement may have found all workers taken.
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
