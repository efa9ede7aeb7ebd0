using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;
using Veza.Faults.Tests.Load;
using Veza.Faults.Tests.Nodes;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Network;

/// <summary>A durable PostgreSQL reachable over loopback, which a proxy needs.</summary>
public sealed class LoopbackServer : IAsyncLifetime
{
    private int _databases;

    public LocalPostgres Postgres { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Postgres = await LocalPostgres.StartEphemeralAsync(loopback: true);

    public ValueTask DisposeAsync() => Postgres.DisposeAsync();

    public async Task<string> NewDatabaseAsync()
    {
        var name = $"network_{Interlocked.Increment(ref _databases)}";
        await using var database = NpgsqlDataSource.Create(Postgres.ConnectionString);
        await using var create = database.CreateCommand($"create database {name}");
        await create.ExecuteNonQueryAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"VEZA_FAULTS_SEED={Extent.Seed}");
        return new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Database = name }.ConnectionString;
    }
}

public class CutConnectionTests(LoopbackServer server) : IClassFixture<LoopbackServer>
{
    /// <summary>A batch with its preparation and answer has some ten thousand bytes.</summary>
    private const int CutBytesMax = 12_000;
    private static readonly TimeSpan StruckWithin = TimeSpan.FromSeconds(30);

    private static int Cuts => Extent.Long ? 300 : 25;

    [Fact]
    public async Task Cuts_at_random_bytes_lose_nothing_double_nothing_and_leave_nothing_unknown()
    {
        var random = new Random(Extent.Seed);
        await StrikeAsync("cuts at random bytes", Cuts, () =>
            new NetworkFault.CutAtByte(
                random.Next(2) == 0 ? Direction.ToServer : Direction.ToClient,
                1 + random.Next(CutBytesMax)
            )
        );
    }

    [Fact]
    public Task An_answer_cut_off_after_the_commit_is_still_given() =>
        StrikeAsync("cut answers", Cuts, () => new NetworkFault.CutAnswer());

    [Fact]
    public Task A_connection_cut_right_after_the_request_yields_a_true_answer() =>
        StrikeAsync("cuts after the request", Cuts, () => new NetworkFault.CutAfterRequest());

    [Fact]
    public Task A_half_closed_connection_yields_a_true_answer()
    {
        var turn = 0;
        return StrikeAsync("half-closed connections", Extent.Long ? 20 : 2, () =>
            new NetworkFault.HalfClose(turn++ % 2 == 0 ? Direction.ToServer : Direction.ToClient)
        );
    }

    [Fact]
    public Task A_connection_that_swallows_a_batch_is_given_up_and_the_batch_resolved() =>
        StrikeAsync("swallowed batches", Extent.Long ? 4 : 1, () => new NetworkFault.Swallow());

    [Fact]
    public Task Delays_do_no_harm() =>
        StrikeAsync(
            "cut and delayed answers",
            Extent.Long ? 50 : 5,
            () => new NetworkFault.CutAnswer(),
            TimeSpan.FromMilliseconds(15)
        );

    [Fact]
    public async Task While_all_traffic_is_swallowed_callers_get_an_unknown_outcome_and_afterwards_appends_go_on()
    {
        Assert.SkipUnless(
            Extent.Long,
            $"It takes longer than {nameof(Appender.AnsweredWithin)}, {Appender.AnsweredWithin.TotalSeconds} "
                + "s: VEZA_FAULTS=1 runs it."
        );
        var database = await server.NewDatabaseAsync();
        await using var proxy = new FaultyProxy(server.Postgres.Port);
        var history = new History();
        await using var node = await LocalNode.OpenAsync("node", proxy.Through(database), history);
        node.Load(8, Extent.Seed);
        await Eventually.TrueAsync(() => history.Calls.Count > 100, what: "the load");
        proxy.BeginBlackHole();
        await Eventually.TrueAsync(
            () => history.Calls.Any(c => c.Answer is { Kind: AnswerKind.Unknown }),
            what: "an answer"
        );
        proxy.EndBlackHole();
        await EndAsync(history, node, database, "a black hole");
    }

    [Fact]
    public async Task A_batch_still_under_way_when_it_was_answered_otherwise_is_never_appended()
    {
        var database = await server.NewDatabaseAsync();
        await using var proxy = new FaultyProxy(server.Postgres.Port);
        var history = new History();
        await using var node = await LocalNode.OpenAsync("node", proxy.Through(database), history);
        var stream = Guid.CreateVersion7();
        Assert.True((await node.AskAsync(MixedLoad.Command((stream, 0, 1)))).IsYes);

        var (held, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _ = proxy.Arm(new NetworkFault.HoldRequest(held, release.Task));
        // It expects one event too few, so it is refused unless it arrives after the next one.
        var early = node.AskAsync(MixedLoad.Command((stream, 2, 1)));
        await held.Task.WaitAsync(StruckWithin);
        Assert.Equal(AnswerKind.VersionConflict, (await early).Kind);
        Assert.True((await node.AskAsync(MixedLoad.Command((stream, 1, 1)))).IsYes);
        release.SetResult();
        Assert.True((await node.AskAsync(MixedLoad.Command((Guid.CreateVersion7(), 0, 1)))).IsYes);
        await EndAsync(history, node, database, fault: null);
    }

    private async Task StrikeAsync(string what, int times, Func<NetworkFault> fault, TimeSpan delay = default)
    {
        var database = await server.NewDatabaseAsync();
        await using var proxy = new FaultyProxy(server.Postgres.Port);
        var history = new History();
        await using var node = await LocalNode.OpenAsync("node", proxy.Through(database), history);
        await using (new SnapshotReader("reader", database, history))
        {
            node.Load(12, Extent.Seed);
            proxy.Delay = delay;
            for (var i = 0; i < times; i++)
            {
                await proxy.Arm(fault()).WaitAsync(StruckWithin);
                // A batch that is cut repeatedly would rightly end with an unknown outcome.
                var before = Accepted();
                await Eventually.TrueAsync(() => Accepted() > before, what: "an append after the fault");
            }
            proxy.Delay = default;
            await EndAsync(history, node, database, what);
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{proxy.Strikes} {what}");
        Assert.Equal(times, proxy.Strikes);
        Assert.DoesNotContain(history.Calls, c => c.Answer is { Kind: AnswerKind.Unknown });

        int Accepted() => history.Calls.Count(c => c.Answer is { IsYes: true });
    }

    private static async Task EndAsync(History history, LocalNode node, string database, string? fault)
    {
        if (fault is not null)
        {
            var ended = history.FaultEnded(fault, node.Name);
            await Eventually.TrueAsync(
                () => history.Calls.Any(c => c.Answer is { IsYes: true } && c.AnsweredAt > ended.EndedAt),
                what: "an append after the fault"
            );
        }
        await node.StopLoadAsync();
        await Checking.Checkers.AssertHoldAsync(history, database);
    }
}
