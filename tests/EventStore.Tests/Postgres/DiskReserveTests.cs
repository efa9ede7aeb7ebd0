using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Database;
using Veza.EventStore.Postgres;

namespace Veza.EventStore.Tests.Postgres;

public sealed class DiskReserveTests : IDisposable
{
    private const long Total = 4L << 20;
    private static readonly DiskLimits Limits = DiskLimits.Of(Total);

    private readonly string _folder = Directory.CreateTempSubdirectory("veza-reserve-").FullName;
    private long _free = Total;

    [Fact]
    public void It_is_freed_when_the_disk_is_full_and_made_again_when_there_is_room()
    {
        var reserve = new DiskReserve(
            Path.Combine(_folder, "reserve"),
            new(() => (_free, Total), TimeProvider.System),
            NullLogger.Instance
        );

        reserve.Keep();
        Assert.True(reserve.IsHeld);
        // Its blocks are allocated although its length is 0.
        Assert.InRange(BlocksBytes(), Limits.ReserveBytes, 2 * Limits.ReserveBytes);

        _free = Limits.ReserveBytes / 2;
        reserve.Keep();
        Assert.True(reserve.IsHeld);

        _free--;
        reserve.Keep();
        Assert.False(reserve.IsHeld);

        _free = Limits.FreeBytesAgain - 1;
        reserve.Keep();
        Assert.False(reserve.IsHeld);

        _free++;
        reserve.Keep();
        Assert.True(reserve.IsHeld);
    }

    private long BlocksBytes()
    {
        var said = ServerAccount.RunHere("du", "-B1", Path.Combine(_folder, "reserve"));
        return long.Parse(said.Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
