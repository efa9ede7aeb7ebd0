using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.Reactors.Running;

namespace Veza.Api.Health;

/// <summary>Every reactor receives its events and finishes them in time, on any node.</summary>
internal sealed class ReactorsHealth(ReactorQueues queues, EventLog log, TimeProvider clock) : ProcessorHealth
{
    /// <summary>
    /// An event that is unfinished for this long is a fault, even if the reactor finished later ones. The longest upload
    /// takes a few minutes.
    /// </summary>
    public static readonly TimeSpan UnfinishedMax = TimeSpan.FromMinutes(15);

    protected override async Task<IReadOnlyList<string>> ComplaintsAsync(CancellationToken ct)
    {
        List<string> complaints = [];
        foreach (var reactor in await queues.StatusAsync(ct))
            if (await ComplaintAsync(reactor, ct) is { } complaint)
                complaints.Add(complaint);
        return complaints;
    }

    private async Task<string?> ComplaintAsync(ReactorStatus reactor, CancellationToken ct)
    {
        if (reactor.State == RunnerState.Faulted)
            return $"{reactor.Name} is stuck at {reactor.Position}";
        if (reactor.State != RunnerState.Running || reactor.Lag <= 0)
            return null;
        var next = await log.Reader.ReadAsync(new(reactor.Position, reactor.Position + 1), 1, ct);
        var age = next is [var oldest] ? clock.GetUtcNow() - oldest.At : TimeSpan.Zero;
        return age <= UnfinishedMax
            ? null
            : $"{reactor.Name} has not finished event {reactor.Position + 1} of {age.TotalMinutes:F0} minutes ago; "
                + $"{UnfinishedMax.TotalMinutes} are allowed";
    }
}
