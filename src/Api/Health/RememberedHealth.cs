using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <summary>
/// Answers for a check from memory for a second, and asks it once for all who want to know meanwhile: anybody may ask
/// for the state of the process, and must not keep the database busy by it.
/// </summary>
/// <remarks>
/// Safe from any thread. A check that throws has its fault remembered as any answer. The log says when a state changes,
/// and not with every probe, as the framework would.
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
            // Nobody's own token: whoever hangs up must not take the answer from the others.
            if (!isKept)
                _answer = AskAsync(context);
            return _answer!.WaitAsync(ct);
        }
    }

    private async Task<HealthCheckResult> AskAsync(HealthCheckContext context)
    {
        // Outside the lock.
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
