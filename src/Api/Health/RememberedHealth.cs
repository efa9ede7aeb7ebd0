using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <summary>
/// Caches the answer of a check for a second, and runs it once for all concurrent callers. The endpoint is public, so
/// callers must not be able to keep the database busy.
/// </summary>
/// <remarks>
/// Safe from any thread. A check's exception is cached like any answer. It logs changes of state only, where the
/// framework would log every probe.
/// </remarks>
internal sealed class RememberedHealth(
    string name,
    IHealthCheck check,
    TimeProvider clock,
    ILogger<RememberedHealth> log
) : IHealthCheck
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task<HealthCheckResult>? _answer;
    private long _answeredAt;
    private HealthStatus _status = HealthStatus.Healthy;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        lock (_lock)
        {
            var isKept = _answer is not null && (!_answer.IsCompleted || clock.GetElapsedTime(_answeredAt) < KeptFor);
            // Without a caller's token: one that hangs up must not cancel the answer of the others.
            if (!isKept)
                _answer = AskAsync(context);
            return _answer!.WaitAsync(ct);
        }
    }

    private async Task<HealthCheckResult> AskAsync(HealthCheckContext context)
    {
        // Leaves the lock.
        await Task.Yield();
        try
        {
            var answer = await check.CheckHealthAsync(context, CancellationToken.None);
            if (answer.Status != _status)
                log.LogWarning(
                    "{Check} was {Before} and is {Now}: {Detail}",
                    name,
                    _status,
                    answer.Status,
                    answer.Description ?? "well again"
                );
            _status = answer.Status;
            return answer;
        }
        catch (Exception fault)
        {
            log.LogError(fault, "{Check} could not be checked", name);
            throw;
        }
        finally
        {
            Volatile.Write(ref _answeredAt, clock.GetTimestamp());
        }
    }
}
