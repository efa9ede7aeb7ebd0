using System.Text;
using Veza.EventStore.Appending;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Appending;

public class AppendTests(LogFixture fixture)
{
    [Fact]
    public async Task Positions_run_from_1_to_the_head_without_a_gap_although_appends_fail()
    {
        await using var log = await fixture.OpenNewAsync();
        var streams = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        // Every command expects version 0, so exactly one of those on a stream is accepted.
        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, 400)
                .Select(i => log.Appender.AppendAsync(Command(Change(streams[i % 20], 0, Counted(streams[i % 20])))))
        );

        Assert.Equal(20, outcomes.OfType<AppendOutcome.Accepted>().Count());
        Assert.Equal(380, outcomes.OfType<AppendOutcome.VersionConflict>().Count(c => c.Actual == 1));
        var events = await log.Reader.ReadAsync(0, long.MaxValue, 1000, null, null, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 20).Select(p => (long)p), events.Select(e => e.Position));
    }

    [Fact]
    public async Task A_stream_has_versions_1_2_3_when_many_write_it_at_once()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(async _ =>
                {
                    for (var written = 0; written < 5; )
                    {
                        var at = (
                            await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None)
                        ).Version;
                        if (
                            await log.Appender.AppendAsync(Command(Change(stream, at, Counted(stream))))
                            is AppendOutcome.Accepted
                        )
                            written++;
                        else
                            log.Aggregates.Drop(stream);
                    }
                })
        );
        var events = await log.Reader.ReadStreamAsync(stream, 0, CancellationToken.None).ToListAsync();
        Assert.Equal(Enumerable.Range(1, 80).Select(v => (long)v), events.Select(e => e.Version));
    }

    [Fact]
    public async Task A_command_is_atomic_and_contiguous_over_its_streams()
    {
        await using var log = await fixture.OpenNewAsync();
        var shared = Guid.CreateVersion7();
        await log.Appender.AppendAsync(Command(Change(shared, 0, Counted(shared))));
        var commands = Enumerable
            .Range(0, 50)
            .Select(i =>
            {
                var (a, b) = (Guid.CreateVersion7(), Guid.CreateVersion7());
                // Every fifth also changes the shared stream at a wrong version, and must leave no trace in its own
                // streams.
                return i % 5 == 0
                    ? Command(Change(a, 0, Counted(a), Counted(a)), Change(shared, 0, Counted(shared)))
                    : Command(Change(a, 0, Counted(a), Counted(a)), Change(b, 0, Counted(b)));
            })
            .ToArray();
        var outcomes = await Task.WhenAll(commands.Select(log.Appender.AppendAsync));

        Assert.Equal(
            10,
            outcomes.OfType<AppendOutcome.VersionConflict>().Count(c => c.StreamId == shared && c.Actual == 1)
        );
        var events = await log.Reader.ReadAsync(1, long.MaxValue, 1000, null, null, CancellationToken.None);
        Assert.Equal(120, events.Count);
        foreach (var command in events.GroupBy(e => e.CommandId))
        {
            Assert.Equal(3, command.Count());
            Assert.Equal(2, command.Last().Position - command.First().Position);
        }
    }

    [Fact]
    public async Task A_repeated_command_id_changes_nothing_and_gets_the_first_answer()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        var request = Command(Change(stream, 0, Counted(stream))) with
        {
            Answer = Encoding.UTF8.GetBytes("{\"id\": 7}"),
            Fingerprint = [1, 2, 3],
        };
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => log.Appender.AppendAsync(request)));

        var first = Assert.Single(outcomes.OfType<AppendOutcome.Accepted>());
        var repeats = outcomes.OfType<AppendOutcome.Duplicate>().ToArray();
        Assert.Equal(99, repeats.Length);
        Assert.All(repeats, r =>
            Assert.Equal(
                (first.Version, first.Position, "{\"id\": 7}"),
                (r.Version, r.Position, Encoding.UTF8.GetString(r.Answer!))
            )
        );
        Assert.Equal(1, await log.Reader.HeadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_name_has_one_owner_and_may_be_taken_again_once_released()
    {
        await using var log = await fixture.OpenNewAsync();
        var owners = Enumerable.Range(0, 30).Select(_ => Guid.CreateVersion7()).ToArray();
        var outcomes = await Task.WhenAll(
            owners.Select(o =>
                log.Appender.AppendAsync(
                    Command(Change(o, 0, Counted(o))) with
                    {
                        Names = [new("user_name", "ada", o, Claim: true)],
                    }
                )
            )
        );

        Assert.Equal(
            29,
            outcomes.OfType<AppendOutcome.NameTaken>().Count(t => t is { Scope: "user_name", Name: "ada" })
        );
        Assert.Equal(1, await log.Reader.HeadAsync(CancellationToken.None));
        var holder = Assert.NotNull(await log.Reader.FindNameAsync("user_name", "ada", CancellationToken.None));

        await log.Appender.AppendAsync(
            Command(Change(holder, 1, new Cleared(holder))) with
            {
                Names = [new("user_name", "ada", holder, Claim: false)],
            }
        );
        var other = owners.First(o => o != holder);
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(
                Command(Change(other, 0, Counted(other))) with
                {
                    Names = [new("user_name", "ada", other, Claim: true)],
                }
            )
        );
    }

    [Fact]
    public async Task A_poisoned_command_fails_alone()
    {
        await using var log = await fixture.OpenNewAsync();
        var tasks = Enumerable
            .Range(0, 60)
            .Select(i =>
            {
                var stream = Guid.CreateVersion7();
                // PostgreSQL's JSON cannot hold U+0000, so this one makes the database refuse the batch it is in.
                return log.Appender.AppendAsync(
                    Command(Change(stream, 0, new Counted(stream, 1, i == 30 ? "\0" : "fine")))
                );
            })
            .ToArray();

        for (var i = 0; i < tasks.Length; i++)
        {
            if (i == 30)
                await Assert.ThrowsAsync<Npgsql.PostgresException>(() => tasks[30]);
            else
                Assert.IsType<AppendOutcome.Accepted>(await tasks[i]);
        }
        Assert.Equal(59, await log.Reader.HeadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_broken_connection_is_resolved_without_losing_or_doubling_anything()
    {
        await using var log = await fixture.OpenNewAsync();
        var accepted = 0;
        using var stop = new CancellationTokenSource();
        var killer = Task.Run(
            async () =>
            {
                // Each cut comes after some progress, in the middle of the batch then in flight.
                for (var cut = 0; !stop.IsCancellationRequested; await Task.Yield())
                {
                    if (Volatile.Read(ref accepted) < cut * 8)
                        continue;
                    cut++;
                    await using var kill = log.Database.CreateCommand(
                        "select pg_terminate_backend(pid) from pg_stat_activity "
                            + "where application_name = 'veza-append' and datname = current_database()"
                    );
                    await kill.ExecuteNonQueryAsync();
                }
            },
            TestContext.Current.CancellationToken
        );
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async _ =>
                {
                    for (var i = 0; i < 20; i++)
                    {
                        var stream = Guid.CreateVersion7();
                        if (
                            await log.Appender.AppendAsync(Command(Change(stream, 0, Counted(stream))))
                            is AppendOutcome.Accepted
                        )
                            Interlocked.Increment(ref accepted);
                    }
                })
        );
        await stop.CancelAsync();
        await killer;

        Assert.Equal(160, accepted);
        var events = await log.Reader.ReadAsync(0, long.MaxValue, 1000, null, null, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 160).Select(p => (long)p), events.Select(e => e.Position));
        Assert.Equal(160, events.Select(e => e.StreamId).Distinct().Count());
    }

    private static Counted Counted(Guid id) => new(id, 1);
}
