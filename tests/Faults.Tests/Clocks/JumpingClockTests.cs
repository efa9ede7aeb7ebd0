using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Clocks;

public class JumpingClockTests(FaultServer server)
{
    [Fact]
    public async Task Nodes_whose_clocks_jump_break_no_promise()
    {
        await using var trial = await server.BeginAsync();
        var (one, two) = (
            await trial.OpenNodeAsync("one", new JumpingClock(Extent.Seed)),
            await trial.OpenNodeAsync("two", new JumpingClock(Extent.Seed + 1))
        );
        trial.Watch(readers: 1);
        var (first, second) = (one.Load(writers: 8, Extent.Seed), two.Load(writers: 8, Extent.Seed));
        var wanted = Extent.AcceptedBetween * Extent.Rounds;
        await Eventually.TrueAsync(() => first.Accepted >= wanted && second.Accepted >= wanted, what: "the load");
        await trial.HoldsAsync();
    }

    [Fact]
    public async Task Times_never_go_back_along_the_log_though_the_servers_clock_does()
    {
        await using var trial = await server.BeginAsync();
        // With pg_catalog last in the search path, the append calls this clock_timestamp().
        await trial.ExecuteAsync(
            """
            create schema jumping;
            create table jumping.clock (ahead interval not null);
            insert into jumping.clock values ('0');
            create function jumping.clock_timestamp() returns timestamptz language sql volatile
                as 'select pg_catalog.clock_timestamp() + ahead from jumping.clock';
            do $$ begin
                execute format('alter database %I set search_path = jumping, public, pg_catalog', current_database());
            end $$;
            """
        );
        var node = await trial.OpenNodeAsync("one");
        trial.Watch(readers: 1);
        var load = node.Load(writers: 8, Extent.Seed);
        foreach (var ahead in (string[])["0", "-1 day", "1 day", "-1 hour", "3 days", "0"])
        {
            await trial.ExecuteAsync($"update jumping.clock set ahead = '{ahead}'");
            var before = load.Accepted;
            await Eventually.TrueAsync(() => load.Accepted >= before + 50, what: "the load between two jumps");
        }
        await trial.HoldsAsync();

        // Proves that the log read the clock that jumped.
        var rows = (await LogAtEnd.ReadAsync(trial.ConnectionString, CancellationToken.None)).Rows;
        Assert.InRange(rows[^1].At - rows[0].At, TimeSpan.FromDays(2.9), TimeSpan.FromDays(3.1));
    }

    /// <summary>
    /// Every reading of the time of day is wrong by up to a day, either way. The ticks that measure spans go on evenly,
    /// as the kernel's do.
    /// </summary>
    private sealed class JumpingClock(int seed) : TimeProvider
    {
        private readonly Random _random = new(seed);

        public override DateTimeOffset GetUtcNow()
        {
            lock (_random)
                return base.GetUtcNow() + TimeSpan.FromHours((_random.NextDouble() * 48) - 24);
        }
    }
}
