using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Postgres;
using Veza.EventStore.Verification;
using Veza.Faults.Tests.Nodes;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Storage;

public class DiskFullTests
{
    /// <summary>
    /// Space for an empty server with its write-ahead log, the minimum that must stay free, and some thousand events.
    /// </summary>
    private const int DiskMegabytes = 384;

    private static readonly AnswerKind[] Failed = [AnswerKind.NoRoom, AnswerKind.Unknown];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_full_disk_loses_nothing_acknowledged_and_appends_go_on_by_themselves_once_it_is_freed(
        bool nodeSeesDisk
    )
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
        await using var disk = SmallDisk.TryMake(DiskMegabytes);
        Assert.SkipWhen(disk is null, "Mounting a small disk is not permitted here.");
        await using var postgres = await LocalPostgres.StartAsync(new(disk.Folder) { Loopback = false });
        var watch = postgres.Watch(TimeProvider.System, NullLogger.Instance);
        await using var trial = new Trial(postgres, postgres.ConnectionString);
        var node = await trial.OpenNodeAsync("node", disk: nodeSeesDisk ? postgres.Disk : null);
        trial.Watch(readers: 1);
        node.Load(8, Extent.Seed);
        for (var round = 1; round <= (Extent.Long ? 3 : 1); round++)
        {
            var (failed, accepted) = (Count(Failed), Count(AnswerKind.Accepted));
            await Eventually.TrueAsync(
                () => Count(AnswerKind.Accepted) > accepted + Extent.AcceptedBetween,
                what: "the load"
            );
            var filledAt = Stopwatch.GetTimestamp();
            disk!.Fill();
            await Eventually.TrueAsync(
                () =>
                {
                    // For a node that does not see the disk, fills the reserve too before the server has used it up.
                    if (!nodeSeesDisk)
                        disk.Fill();
                    // After the server has fallen, answers take as long as all of its callers' waits.
                    return Count(Failed) > failed + (nodeSeesDisk ? 8 : 0);
                },
                what: "appends that the full disk stops"
            );
            if (nodeSeesDisk)
                await RefusedWhileReadAsync(node);
            TellOfRefusals(round, filledAt, watch.Status.Restarts);
            disk.Free();
            await trial.ProgressAsync($"full disk {round}", "node");
            // The reserve is created again too.
            await Eventually.TrueAsync(
                () => File.Exists(Path.Combine(disk.Folder, "postgres", "reserve")),
                what: "the reserve"
            );
        }
        await trial.HoldsAsync();
        await using var database = NpgsqlDataSource.Create(postgres.ConnectionString);
        var report = await new LogVerifier(database, []).VerifyAsync(TestContext.Current.CancellationToken);
        // The verifier has no rule for the load's names, which come from no event; the checkers have one.
        Assert.All(report.Checks.Where(c => c.Of != "names"), check => Assert.Empty(check.Differences));

        int Count(params AnswerKind[] kinds) =>
            trial.History.Calls.Count(c => c.Answer is { } answer && kinds.Contains(answer.Kind));

        void TellOfRefusals(int round, long since, long restarts)
        {
            var waits = trial
                .History.Calls.Where(c =>
                    c.Ask.AskedAt > since && c.Answer is { } answer && Failed.Contains(answer.Kind)
                )
                .Select(c => Stopwatch.GetElapsedTime(c.Ask.AskedAt, c.AnsweredAt).TotalMilliseconds)
                .Order()
                .ToList();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"round {round}: {waits.Count} refused while full, the slowest after "
                    + $"{waits.LastOrDefault():F0} ms; {restarts} restarts so far"
            );
        }
    }

    private static async Task RefusedWhileReadAsync(LocalNode node)
    {
        // Between two readings of the disk the server itself may take the space that the freed reserve left.
        await Eventually.TrueAsync(
            async () =>
                (await node.AskAsync(Load.MixedLoad.Command((Guid.CreateVersion7(), 0, 1)))).Kind == AnswerKind.NoRoom,
            what: "the node sees that the disk is full"
        );
        // The server may have fallen before the node noticed the full disk. With its reserve it restarts on the full
        // disk.
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (
                            await node.Log.Reader.ReadAsync(
                                0,
                                long.MaxValue,
                                10,
                                only: null,
                                stream: null,
                                TestContext.Current.CancellationToken
                            )
                        ).Count == 10;
                }
                catch (Exception away) when (Veza.EventStore.Database.DatabaseFaults.IsUnavailable(away))
                {
                    return false;
                }
            },
            what: "reading on the full disk"
        );
    }
}
