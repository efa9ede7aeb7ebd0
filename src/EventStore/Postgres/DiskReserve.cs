using Microsoft.Extensions.Logging;
using Veza.EventStore.Database;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Postgres;

/// <summary>A file that takes up room on the server's disk, to be freed when the disk is full.</summary>
/// <remarks>
/// PostgreSQL that finds no room for its write-ahead log panics, and then needs room to recover. One thread at a time
/// may call this. It does not throw: a disk on which nothing can be reserved is used without a reserve.
/// </remarks>
internal sealed class DiskReserve(string path, DiskSpace disk, ILogger logger)
{
    private bool _failed;

    public bool IsHeld => File.Exists(path);

    /// <summary>Frees the reserve when the disk is nearly used up, and makes it again once there is room.</summary>
    public void Keep()
    {
        var state = disk.Look();
        if (state.FreeBytes is not { } free)
            return;
        if (free < state.Limits.ReserveBytes / 2)
            Free();
        else if (free >= state.Limits.FreeBytesAgain && !IsHeld)
            Make(state.Limits.ReserveBytes);
    }

    public void Free()
    {
        if (!IsHeld)
            return;
        try
        {
            File.Delete(path);
            LogMetrics.ReserveFreed.Add(1);
            logger.LogError(
                "The disk that holds {Path} is full; its reserve is freed for PostgreSQL. Free some space",
                path
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.LogError(
                "The disk that holds {Path} is full, and its reserve cannot be freed: {Reason}",
                path,
                e.Message
            );
        }
    }

    private void Make(long bytes)
    {
        var unfinished = path + ".new";
        try
        {
            // Allocates the blocks without writing them. Renamed when it is whole, as we may be killed here.
            var allocate = new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                PreallocationSize = bytes,
            };
            new FileStream(unfinished, allocate).Dispose();
            File.Move(unfinished, path, overwrite: true);
            _failed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Once, not at every look.
            if (!_failed)
                logger.LogWarning(
                    "No reserve of {Bytes} bytes can be kept at {Path}: {Reason}",
                    bytes,
                    path,
                    e.Message
                );
            _failed = true;
        }
    }
}
