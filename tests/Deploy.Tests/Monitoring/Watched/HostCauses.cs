namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>Hosts, disks and the proxy.</summary>
internal static class HostCauses
{
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
        // Other programs may have done it already.
        new("all processors are busy", ["CpuSaturated"], BusyAsync) { IsLasting = true },
    ];

    private static async Task<IAsyncDisposable> FullDiskAsync(WatchedHosts hosts)
    {
        var disk = DiskOf(hosts);
        await disk.FillAsync(new DriveInfo(disk.Folder).AvailableFreeSpace * 95 / 100, default);
        return Freed(disk);
    }

    private static async Task<IAsyncDisposable> FillingDiskAsync(WatchedHosts hosts)
    {
        var disk = DiskOf(hosts);
        await disk.FillAsync(new DriveInfo(disk.Folder).AvailableFreeSpace * 65 / 100, default);
        var filling = Repetition.Of(ct => disk.FillAsync(64 * 1024, ct), TimeSpan.FromSeconds(1));
        return new Healing(async () =>
        {
            await filling.DisposeAsync();
            disk.Free();
        });
    }

    private static Disk DiskOf(WatchedHosts hosts)
    {
        Assert.SkipWhen(hosts.Disk is null, "mounting a loop device is not permitted here");
        return hosts.Disk;
    }

    private static Healing Freed(Disk disk) =>
        new(() =>
        {
            disk.Free();
            return Task.CompletedTask;
        });

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
