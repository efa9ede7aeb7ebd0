using Veza.Media;

namespace Veza.Api.Music.Tracks;

/// <summary>Removes staged uploads whose request died with the process: all others are removed by their request.</summary>
internal sealed class StagingSweep(MediaStore media, TimeProvider clock, ILogger<StagingSweep> logger) : BackgroundService
{
    /// <summary>Since the last byte was written. Looking at a file takes minutes at most, so one this old is nobody's, on whichever node.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(AgeMax, clock);
        do
        {
            try
            {
                if (media.SweepStaging(AgeMax) is > 0 and var swept) logger.LogInformation("Removed {Uploads} uploads that were never finished", swept);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                logger.LogWarning("Sweeping the staging area failed and is tried again in {Wait}: {Reason}", AgeMax, fault.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
