using System.Runtime.InteropServices;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <summary>Checks that the programs and the library for audio are installed.</summary>
internal sealed class MediaToolsHealth : IHealthCheck
{
    // Looked up once: installed programs do not change under a running process, and probes come every few seconds.
    private static readonly Lazy<string[]> Missing = new(() =>
        [
            .. new[] { "ffmpeg", "ffprobe" }.Where(program => !OnPath(program)),
            .. NativeLibrary.TryLoad("libopus.so.0", out _) ? Array.Empty<string>() : ["libopus0"],
        ]
    );

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default) =>
        Task.FromResult(
            Missing.Value.Length == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("not installed: " + string.Join(", ", Missing.Value))
        );

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}
