using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Events;

namespace Veza.EventStore.Reading;

/// <summary>Brings events that other nodes append into this node's tail, and reads on from any position.</summary>
/// <remarks>
/// Readers get every event once and in order, from the tail where it holds them and from the database otherwise. Any
/// thread may call it. A database that is away delays events; the loop logs this and tries again.
/// </remarks>
internal sealed class LogFollower(Tail tail, LogReader reader, TimeProvider clock, ILogger logger)
{
    /// <summary>Longest time between two looks: a notification may be lost with its connection.</summary>
    internal static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    /// <summary>What other nodes append is read this often at most, and all of it each time.</summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>Reading what others appended takes milliseconds; after this long the database is away.</summary>
    private static readonly TimeSpan CatchUpWithin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Filling the tail takes some hundred milliseconds; a node whose database is slower starts with an empty one.
    /// </summary>
    private static readonly TimeSpan FillWithin = TimeSpan.FromSeconds(3);

    private readonly Wakeup _due = new();

    // Another node reported an append, or a caller waits for one.
    private volatile bool _immediately;

    /// <summary>Reads without waiting for events of other nodes to come together.</summary>
    public void ReadNow()
    {
        _immediately = true;
        _due.Set();
    }

    /// <summary>Reads within <see cref="ReadEvery"/>.</summary>
    public void ReadSoon() => _due.Set();

    /// <summary>Follows the log until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await _due.WaitAsync(PollEvery, ct);
                // Events that others appended before this node's are read together, rather than a batch at a time.
                if (!_immediately)
                    await Task.Delay(ReadEvery, clock, ct);
                _immediately = false;
                await ReadToHeadAsync(ct);
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                logger.LogWarning("Reading the log's tail failed and is tried again: {Reason}", fault.Message);
                await Task.Delay(PollEvery, clock);
            }
        }
    }

    /// <summary>Completes when the tail holds all that is committed now.</summary>
    /// <exception cref="TimeoutException">The log was not read within five seconds.</exception>
    public async Task CatchUpAsync(CancellationToken ct)
    {
        var head = await reader.HeadAsync(ct);
        if (tail.Head >= head)
            return;
        ReadNow();
        // A fork brings the node to the head it finds.
        var generation = tail.HistoryGeneration;
        while (tail.Head < head && tail.HistoryGeneration == generation)
            await tail.WaitAsync(tail.Head, ct).WaitAsync(CatchUpWithin, clock, ct);
    }

    /// <summary>
    /// Fills the tail backwards with events from before the start, as far as time and its bounds allow. A failure is
    /// logged: the tail is then shorter.
    /// </summary>
    public async Task FillTailAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(FillWithin);
        try
        {
            List<RecordedEvent> events;
            int generation;
            do
            {
                generation = tail.HistoryGeneration;
                events = await reader.ReadAsync(
                    new(UpTo: tail.Oldest - 1) { Backwards = true },
                    LogReader.PageEventsMax,
                    limit.Token
                );
            } while (tail.FillBackwards(events, generation));
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            logger.LogWarning("The tail is not filled with what came before this start: {Reason}", fault.Message);
        }
    }

    /// <summary>Events after a position, from the tail or the database; empty at the head.</summary>
    public async ValueTask<List<RecordedEvent>> ReadAfterAsync(long after, int max, CancellationToken ct)
    {
        var events = new List<RecordedEvent>((int)Math.Clamp(tail.Head - after, 0, max));
        if (tail.TryRead(after, max, events))
            return events;
        events.Clear();
        return await reader.ReadAsync(
            after,
            tail.Head,
            Math.Min(max, LogReader.PageEventsMax),
            only: null,
            stream: null,
            ct
        );
    }

    /// <summary>Every event after a position, in pages, without an end.</summary>
    /// <exception cref="HistoryForkedException">
    /// What was read so far may be of another history than what would follow.
    /// </exception>
    public async IAsyncEnumerable<List<RecordedEvent>> FollowAsync(
        long after,
        int max,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var generation = tail.HistoryGeneration;
        while (!ct.IsCancellationRequested)
        {
            var events = await ReadAfterAsync(after, max, ct);
            tail.ThrowIfForkedSince(generation);
            if (events.Count == 0)
            {
                await tail.WaitAsync(after, ct);
                continue;
            }
            after = events[^1].Position;
            yield return events;
        }
    }

    private async Task ReadToHeadAsync(CancellationToken ct)
    {
        List<RecordedEvent> events;
        do
        {
            var generation = tail.HistoryGeneration;
            // A connection that swallows everything must not hold the node up for as long as an analyst's query may
            // take.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(CatchUpWithin);
            events = await reader.ReadAsync(
                tail.Head,
                long.MaxValue,
                LogReader.PageEventsMax,
                only: null,
                stream: null,
                limit.Token
            );
            tail.Publish(events, generation);
        } while (events.Count == LogReader.PageEventsMax);
    }
}
