using Veza.EventStore.Database;

namespace Veza.EventStore.Tests.Storage;

public sealed class DiskSpaceTests
{
    private const long Mebibyte = 1L << 20;
    private readonly ManualTime _clock = new();
    private long _free = 10_000 * Mebibyte;
    private long _total = 20_000 * Mebibyte;

    [Fact]
    public void A_disk_is_full_below_its_minimum_and_has_room_again_only_well_above_it()
    {
        var disk = new DiskSpace(() => (_free, _total), _clock);
        var limits = disk.State.Limits;
        Assert.Equal(
            (256 * Mebibyte, 384 * Mebibyte, 64 * Mebibyte),
            (limits.FreeBytesMin, limits.FreeBytesAgain, limits.ReserveBytes)
        );

        Assert.False(At(limits.FreeBytesMin));
        Assert.True(At(limits.FreeBytesMin - 1));
        Assert.True(At(limits.FreeBytesAgain - 1));
        Assert.False(At(limits.FreeBytesAgain));
        Assert.False(At(limits.FreeBytesMin));

        bool At(long free)
        {
            _free = free;
            return disk.Look().IsFull;
        }
    }

    [Fact]
    public void It_is_asked_again_only_after_a_while()
    {
        var asked = 0;
        var disk = new DiskSpace(() => (asked++ > 0 ? 0 : _free, _total), _clock);

        Assert.False(disk.IsFull);
        _clock.Advance(DiskSpace.LookEvery - TimeSpan.FromTicks(1));
        Assert.False(disk.IsFull);
        Assert.Equal(1, asked);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(disk.IsFull);
        Assert.Equal(2, asked);
    }

    [Fact]
    public void A_small_disk_keeps_a_part_of_itself_free()
    {
        _total = 256 * Mebibyte;
        var limits = new DiskSpace(() => (_free, _total), _clock).State.Limits;

        Assert.Equal(
            (32 * Mebibyte, 64 * Mebibyte, 16 * Mebibyte),
            (limits.FreeBytesMin, limits.FreeBytesAgain, limits.ReserveBytes)
        );
    }

    [Fact]
    public void A_write_must_leave_the_minimum_free()
    {
        _free = 300 * Mebibyte;
        var disk = new DiskSpace(() => (_free, _total), _clock);

        Assert.True(disk.HasRoomFor(44 * Mebibyte));
        Assert.False(disk.HasRoomFor(44 * Mebibyte + 1));
    }

    [Fact]
    public void A_disk_that_cannot_be_looked_at_counts_as_one_with_room()
    {
        var disk = new DiskSpace(() => throw new IOException("gone"), _clock);

        Assert.Null(disk.State.FreeBytes);
        Assert.True(disk.HasRoomFor(long.MaxValue));
    }

    [Fact]
    public void A_folder_that_is_not_there_yet_is_on_the_disk_of_the_one_above()
    {
        var folder = Directory.CreateTempSubdirectory("veza-space-").FullName;
        try
        {
            var missing = new DiskSpace(Path.Combine(folder, "not", "yet"), TimeProvider.System).State;

            Assert.NotNull(missing.FreeBytes);
            Assert.Equal(DiskLimits.Of(new DriveInfo(folder).TotalSize), missing.Limits);
        }
        finally
        {
            Directory.Delete(folder);
        }
    }
}
