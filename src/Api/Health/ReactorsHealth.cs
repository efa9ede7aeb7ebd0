using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.Reactors.Running;

namespace Veza.Api.Health;

/// <summary>Every reactor is fed and finishes what it is given in time, whichever node runs it.</summary>
/// <remarks>Degraded at worst, for the reasons of <see cref="ProjectionsHealth"/>.</remarks>
internal sealed class ReactorsHealth(ReactorQueues queues, EventLog log, TimeProvider clock) : IHealthCheck
{
    /// <summary>
    /// An event this old that is not finished says that something is amiss, however many later ones are done. The
    /// longest upload takes a few minutes.
    /// </summary>
    public static readonly TimeSpan UnfinishedMax = TimeSpan.FromMinutes(15);

    /// <summary>Probes give up after a few seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(Patience);
        try
        {
            List<string> unwell = [];
            foreach (var reactor in await queues.StatusAsync(limited.Token))
                if (await ComplaintAsync(reactor, limited.Token) is { } complaint)
                    unwell.Add(complaint);
            return unwell.Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded(string.Join("; ", unwell));
        }
        // Without the exception's text, which may name hosts and users: anybody may read this.
        catch (Exception away)
            when (away is NpgsqlException or TimeoutException
                || (away is OperationCanceledException && !ct.IsCancellationRequested)
            )
        {
            return HealthCheckResult.Degraded("not known, as the database does not answer");
        }
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
