using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.Media;

namespace Veza.Api.Health;

/// <summary>The object storage that keeps the audio answers.</summary>
/// <remarks>Degraded at worst: a node without it still does everything but upload, play and process tracks.</remarks>
internal sealed class MediaStorageHealth(BucketStore media) : IHealthCheck
{
    /// <summary>Probes give up after a few seconds; this says "degraded" before they do.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        try
        {
            await media.CheckAsync(Patience, ct);
            return HealthCheckResult.Healthy();
        }
        // Without the exception's text, which may name hosts and keys: anybody may read this.
        catch (MediaStorageException)
        {
            return HealthCheckResult.Degraded("the object storage does not answer, or refuses");
        }
    }
}
