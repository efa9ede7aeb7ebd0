namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Hosts, disks and the proxy.</summary>
internal static class HostCauses
{
    private const int DiskMegabytes = 64;

    public static readonly IReadOnlyList<Cause> All =
    [
        new(
            "the hosts' exporters are away",
            ["HostDown"],
            Causes.Between(hosts => hosts.NodeExporter.StopAsync(), hosts => hosts.NodeExporter.StartAsync())
        ),
        new(
            "the proxy is killed",
            ["ProxyDown", "PublicAddressFails"],
            Causes.Between(hosts => hosts.Nginx.KillAsync(), hosts => hosts.Nginx.StartAsync())
        ),
        new("a disk is filled", ["DiskAlmostFull"], FullDiskAsync),
        new("a disk fills slowly", ["DiskFillsSoon"], FillingDiskAsync),
        new("all processors are busy", ["CpuSaturated"], BusyAsync),
    ];

    private static async Task<IAsyncDisposable> FullDiskAsync(WatchedHosts hosts)
    {
        var disk = await DiskAsync();
        await disk.FillAsync(new DriveInfo(disk.Folder).AvailableFreeSpace * 95 / 100, default);
        return disk;
    }

    private static async Task<IAsyncDisposable> FillingDiskAsync(WatchedHosts hosts)
    {
        var disk = await DiskAsync();
        await disk.FillAsync(new DriveInfo(disk.Folder).AvailableFreeSpace * 65 / 100, default);
        var filling = Repetition.Of(ct => disk.FillAsync(64 * 1024, ct), TimeSpan.FromSeconds(1));
        return new Healing(async () =>
        {
            await filling.DisposeAsync();
            await disk.DisposeAsync();
        });
    }

    private static async Task<Disk> DiskAsync()
    {
        var disk = await Disk.TryMakeAsync(DiskMegabytes);
        Assert.SkipWhen(disk is null, "mounting a loop device is not permitted here");
        return disk;
    }

    /// <summary>At the lowest priority: what is watched goes on.</summary>
    private static async Task<IAsyncDisposable> BusyAsync(WatchedHosts hosts)
    {
        Daemon[] loops =
        [
            .. Enumerable
                .Range(0, Environment.ProcessorCount)
                .Select(i => new Daemon(
                    $"busy-{i}",
                    hosts.Folder,
                    ["nice", "-n", "19", "sh", "-c", "while :; do :; done"]
                )),
        ];
        foreach (var loop in loops)
            await loop.StartAsync();
        return new Healing(() => Task.WhenAll(loops.Select(loop => loop.KillAsync())));
    }
}
