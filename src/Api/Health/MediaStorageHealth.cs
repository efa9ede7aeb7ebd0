using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.Media;

namespace Veza.Api.Health;

/// <summary>Checks that the object storage of the audio answers.</summary>
/// <remarks>
/// Degraded at worst: without it a node does everything except uploading, playing and processing tracks.
/// </remarks>
internal sealed class MediaStorageHealth(BucketStore media) : IHealthCheck
{
    /// <summary>Probes give up after a few seconds; the check answers "degraded" before they do.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        try
        {
            await media.CheckAsync(Patience, ct);
            return HealthCheckResult.Healthy();
        }
        // Without the exception's text, which may name hosts and keys: this page is public.
        catch (MediaStorageException)
        {
            return HealthCheckResult.Degraded("the object storage does not answer, or refuses");
        }
    }
}
