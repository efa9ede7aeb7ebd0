using Veza.EventStore.Postgres;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Storage;

public class DiskFullTests
{
    /// <summary>An empty server with its write-ahead log, and room for some thousand events.</summary>
    private const int DiskMegabytes = 256;

    [Fact]
    public async Task A_full_disk_loses_nothing_acknowledged_and_appends_go_on_once_it_is_freed()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
        await using var disk = SmallDisk.TryMake(DiskMegabytes);
        Assert.SkipWhen(disk is null, "Mounting a small disk is not permitted here.");
        await using var postgres = await LocalPostgres.StartAsync(new(disk.Folder) { Loopback = false });
        await using var trial = new Trial(postgres, postgres.ConnectionString);
        var node = await trial.OpenNodeAsync("node");
        trial.Watch(readers: 1);
        node.Load(8, Extent.Seed);
        for (var round = 1; round <= (Extent.Long ? 3 : 1); round++)
        {
            var unknown = Unknown();
            await Eventually.TrueAsync(() => trial.History.Calls.Count(c => c.Answer is { IsYes: true }) > Extent.AcceptedBetween * round, what: "the load");
            disk!.Fill();
            await Eventually.TrueAsync(() => Unknown() > unknown, what: "an append that the full disk stops");
            disk.Free();
            // A full write-ahead log makes the server panic, and it may not have come up again on the full disk.
            var fell = postgres.ProcessId == 0;
            if (fell) await postgres.RestartAsync();
            TestContext.Current.TestOutputHelper?.WriteLine($"round {round}: the server {(fell ? "fell and was started again" : "stayed up")}");
            await trial.ProgressAsync($"full disk {round}", "node");
        }
        await trial.HoldsAsync();

        int Unknown() => trial.History.Calls.Count(c => c.Answer is { Kind: AnswerKind.Unknown });
    }
}
