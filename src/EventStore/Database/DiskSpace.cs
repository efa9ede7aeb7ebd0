namespace Veza.EventStore.Database;

/// <summary>How much room a disk must have, each bound for a whole file system of its size.</summary>
/// <param name="FreeBytesMin">With less than this, new data are refused.</param>
/// <param name="FreeBytesAgain">With this much they are taken again; more than the minimum, so that the answer does
/// not change with every small file that comes and goes.</param>
/// <param name="ReserveBytes">Kept in a file that is deleted when the disk is full; see <c>DiskReserve</c>.</param>
public sealed record DiskLimits(long FreeBytesMin, long FreeBytesAgain, long ReserveBytes)
{
    /// <summary>
    /// Two seconds of the fastest load at 60 MB/s of events and as much of write-ahead log, which is longer than it
    /// takes to notice, and what read models, copies of tracks and checkpoints still write after that.
    /// </summary>
    private const long MinBytes = 256L << 20;

    /// <summary>
    /// A recovery and its checkpoint need a few segments of write-ahead log, of 1 MiB, and new data pages.
    /// </summary>
    private const long ReserveMax = 64L << 20;

    /// <summary>Of a small disk, this part must stay free and that part is the reserve.</summary>
    private const int MinPart = 8,
        ReservePart = 16;

    public static DiskLimits Of(long totalBytes)
    {
        var min = Math.Min(MinBytes, totalBytes / MinPart);
        var reserve = Math.Min(ReserveMax, totalBytes / ReservePart);
        return new(min, min + 2 * reserve, reserve);
    }
}

/// <summary>A look at a disk.</summary>
/// <param name="FreeBytes">
/// For programs that are not privileged, as PostgreSQL is; null when it cannot be found out.
/// </param>
/// <param name="TotalBytes">0 when it could never be found out.</param>
/// <param name="Limits">Of a disk of this size.</param>
/// <param name="IsFull">New data are to be refused; false when the free bytes are unknown.</param>
public sealed record DiskState(long? FreeBytes, long TotalBytes, DiskLimits Limits, bool IsFull);

/// <summary>Says whether the file system that holds a folder has room for new data.</summary>
/// <remarks>
/// All members are safe from any thread. <see cref="State"/> is cheap enough for every request: it asks the kernel
/// at most once in <see cref="LookEvery"/>. A disk that cannot be looked at counts as one with room, because the
/// write itself then says what is wrong.
/// </remarks>
public sealed class DiskSpace
{
    /// <summary>At 120 MB/s 30 MB are written between two looks, far less than the minimum.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly Func<(long Free, long Total)> _ask;
    private readonly TimeProvider _clock;
    private readonly Lock _looking = new();
    private volatile DiskState _state = new(null, 0, DiskLimits.Of(0), IsFull: false);
    private long _lookedAt;

    /// <param name="folder">It need not exist yet.</param>
    public DiskSpace(string folder, TimeProvider clock)
        : this(() => Ask(folder), clock) { }

    /// <param name="ask">Free and total bytes.</param>
    internal DiskSpace(Func<(long Free, long Total)> ask, TimeProvider clock)
    {
        _ask = ask;
        _clock = clock;
        Look();
    }

    /// <summary>Not older than <see cref="LookEvery"/>.</summary>
    public DiskState State => _clock.GetElapsedTime(Interlocked.Read(ref _lookedAt)) < LookEvery ? _state : Look();

    public bool IsFull => State.IsFull;

    /// <summary>Whether so many bytes can be written and the minimum still stays free.</summary>
    public bool HasRoomFor(long bytes)
    {
        var state = State;
        return !state.IsFull && (state.FreeBytes is not { } free || free - bytes >= state.Limits.FreeBytesMin);
    }

    /// <summary>Asks the kernel now.</summary>
    public DiskState Look()
    {
        lock (_looking)
        {
            _state = Judge(_state.IsFull);
            Interlocked.Exchange(ref _lookedAt, _clock.GetTimestamp());
            return _state;
        }
    }

    private DiskState Judge(bool wasFull)
    {
        try
        {
            var (free, total) = _ask();
            var limits = DiskLimits.Of(total);
            return new(free, total, limits, free < (wasFull ? limits.FreeBytesAgain : limits.FreeBytesMin));
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return _state with { FreeBytes = null, IsFull = false };
        }
    }

    private static (long Free, long Total) Ask(string folder)
    {
        // On Unix a "drive" is any path, looked at with statvfs.
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing)!;
        var drive = new DriveInfo(existing);
        return (drive.AvailableFreeSpace, drive.TotalSize);
    }
}

/// <summary>The disk has no room for new data. Nothing was changed.</summary>
public sealed class StorageFullException(Exception? inner = null)
    : IOException("the server's disk is full: nothing was changed; reading goes on", inner);
