using Veza.Media;

namespace Veza.Api.Music.Tracks;

/// <summary>Removes staged uploads whose process ended; otherwise the request itself removes its upload.</summary>
internal sealed class StagingSweep(MediaStore media, TimeProvider clock, ILogger<StagingSweep> logger)
    : BackgroundService
{
    /// <summary>
    /// Since the last byte was written. A file may wait while all others are probed, each for its full time limit
    /// (<see cref="TrackUploads.LooksWaitingMax"/>). A file this old belongs to no request on any node.
    /// </summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(AgeMax, clock);
        do
        {
            try
            {
                if (media.SweepStaging(AgeMax) is > 0 and var swept)
                    logger.LogInformation("Removed {Uploads} uploads that were never finished", swept);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                logger.LogWarning(
                    "Sweeping the staging area failed and is tried again in {Wait}: {Reason}",
                    AgeMax,
                    fault.Message
                );
            }
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
