using System.Diagnostics.Metrics;
using System.Threading.RateLimiting;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Concurrency;

/// <summary>How many may do one kind of costly work at the same time, and how many may wait for it.</summary>
/// <param name="Name">What the work is, in snake case; labels the metrics.</param>
/// <param name="Slots">Pieces of work at the same time, of all callers together.</param>
/// <param name="SlotsPerCaller">Of these and of the queue for them, one caller's at most.</param>
/// <param name="WaitingPerCaller">Pieces of work of one caller that wait for that caller's own slots.</param>
/// <param name="WaitingMax">Callers' pieces of work that wait for a slot of all; further ones are refused.</param>
public sealed record SlotLimits(string Name, int Slots, int SlotsPerCaller, int WaitingPerCaller, int WaitingMax);

/// <summary>
/// Bounds costly work per process and per caller. A caller that asks for more than its share waits for itself,
/// in a queue of its own, so that the next caller's place in line depends on how many callers there are and not on
/// how often one of them asks.
/// </summary>
/// <remarks>
/// All members are safe from any thread. A caller is an account, or a network (<c>Networks.Of</c>) where nobody is
/// signed in yet. Built of the platform's own limiters: one partition per caller, then one for all.
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

    /// <summary>Waits for a slot, first in the caller's own queue and then in that of all.</summary>
    /// <returns>
    /// The slot, to be disposed when the work is done; null when the caller's queue or that of all is full.
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
