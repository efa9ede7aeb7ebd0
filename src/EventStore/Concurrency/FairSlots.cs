using System.Diagnostics.Metrics;
using System.Threading.RateLimiting;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Concurrency;

/// <summary>How much costly work of one kind runs at the same time, and how much may wait.</summary>
/// <param name="Name">The kind of work, in snake case; labels the metrics.</param>
/// <param name="Slots">Work items at the same time, of all callers together.</param>
/// <param name="SlotsPerCaller">The most of these, and of the queue for them, that one caller has.</param>
/// <param name="WaitingPerCaller">Work items of one caller that wait for that caller's slots.</param>
/// <param name="WaitingMax">Work items that wait for a shared slot; further ones are refused.</param>
public sealed record SlotLimits(string Name, int Slots, int SlotsPerCaller, int WaitingPerCaller, int WaitingMax);

/// <summary>
/// Bounds costly work per process and per caller. A caller that asks for more than its share waits in a separate queue,
/// so that the next caller's wait depends on the number of callers and not on how often one of them asks.
/// </summary>
/// <remarks>
/// All members are safe from any thread. A caller is an account, or a network (<c>Networks.Of</c>) before a
/// sign-in. Built of .NET's limiters: one partition per caller, then one for all.
/// </remarks>
public sealed class FairSlots : IAsyncDisposable
{
    private static readonly Counter<long> Refused = LogMetrics.Meter.CreateCounter<long>(
        "veza.slots.refused",
        "{request}",
        "Costly work refused because too much of it waited, by kind of work."
    );
    private static readonly UpDownCounter<long> Taken = LogMetrics.Meter.CreateUpDownCounter<long>(
        "veza.slots.taken",
        "{slot}",
        "Costly work being done, by kind of work."
    );

    private readonly PartitionedRateLimiter<Guid> _limiter;
    private readonly KeyValuePair<string, object?> _label;

    public FairSlots(SlotLimits limits)
    {
        Limits = limits;
        _label = new("work", limits.Name);
        _limiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<Guid, Guid>(caller =>
                RateLimitPartition.GetConcurrencyLimiter(caller, _ =>
                    Options(limits.SlotsPerCaller, limits.WaitingPerCaller)
                )
            ),
            PartitionedRateLimiter.Create<Guid, bool>(_ =>
                RateLimitPartition.GetConcurrencyLimiter(true, _ => Options(limits.Slots, limits.WaitingMax))
            )
        );
    }

    public SlotLimits Limits { get; }

    /// <summary>Waits for a slot, first in the caller's queue and then in the shared one.</summary>
    /// <returns>
    /// The slot, to be disposed when the work is done; null when the caller's queue or the shared one is full.
    /// </returns>
    /// <exception cref="OperationCanceledException">The token was cancelled while it waited.</exception>
    public async ValueTask<IDisposable?> TryEnterAsync(Guid caller, CancellationToken ct)
    {
        var lease = await _limiter.AcquireAsync(caller, 1, ct);
        if (lease.IsAcquired)
        {
            Taken.Add(1, _label);
            return new Slot(lease, _label);
        }
        lease.Dispose();
        Refused.Add(1, _label);
        return null;
    }

    public ValueTask DisposeAsync() => _limiter.DisposeAsync();

    private static ConcurrencyLimiterOptions Options(int slots, int waiting) =>
        new()
        {
            PermitLimit = slots,
            QueueLimit = waiting,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        };

    private sealed class Slot(RateLimitLease lease, KeyValuePair<string, object?> label) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 1)
                return;
            lease.Dispose();
            Taken.Add(-1, label);
        }
    }
}
