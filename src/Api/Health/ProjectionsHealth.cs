using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;

namespace Veza.Api.Health;

/// <summary>Every projection runs close behind the log, on any node.</summary>
internal sealed class ProjectionsHealth(EventLog log) : ProcessorHealth
{
    /// <summary>More than a few seconds' work. A read model this far behind shows people outdated content.</summary>
    public const long LagMax = 50_000;

    protected override async Task<IReadOnlyList<string>> ComplaintsAsync(CancellationToken ct)
    {
        var runners = await log.Processors.StatusAsync(ct);
        return [.. runners.Select(Complaint).OfType<string>()];
    }

    private string? Complaint(RunnerStatus runner)
    {
        if (runner.Kind != ProjectionHost.Kind)
            return null;
        if (runner.StandsAt is { } before)
            return $"{runner.Name} stopped at event {before}, which it cannot apply";
        if (runner.State == RunnerState.Faulted)
            return $"{runner.Name} is stuck at {runner.Position}";
        if (runner.State != RunnerState.Running)
            return null;
        var lag = log.Head - runner.Position;
        return lag > LagMax ? $"{runner.Name} is {lag} events behind; {LagMax} are allowed" : null;
    }
}
