using Microsoft.Extensions.Logging;

namespace Veza.EventStore.Postgres;

/// <summary>A file that reserves space on the server's disk. It is deleted when the disk is full.</summary>
/// <remarks>
/// PostgreSQL panics without space for its write-ahead log, and then needs space to recover. One thread at a time may
/// call this. It does not throw: if it cannot reserve space, the server runs without a reserve.
/// </remarks>
internal sealed class DiskReserve(string path, DiskSpace disk, ILogger logger)
{
    private bool _failed;

    public bool IsHeld => File.Exists(path);

    /// <summary>Frees the reserve when the disk is nearly full, and creates it again when there is space.</summary>
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
                "The disk that holds {Path} is full; its reserve is now free for PostgreSQL. Free some space",
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
            // Allocates the blocks without writing them. It is renamed when complete, as this process may be killed
            // here.
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
            // Logs it once and not at every check.
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
