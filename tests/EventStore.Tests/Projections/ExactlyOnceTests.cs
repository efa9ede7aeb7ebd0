using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;

namespace Veza.EventStore.Tests.Projections;

/// <summary>A counter that is not idempotent, disturbed at each step of its batches.</summary>
public class ExactlyOnceTests(LogFixture fixture)
{
    public enum Step
    {
        BeforeWrite,
        BeforeCheckpoint,
        BeforeCommit,
        AfterCommit,
    }

    [Theory]
    [InlineData(Step.BeforeWrite)]
    [InlineData(Step.BeforeCheckpoint)]
    [InlineData(Step.BeforeCommit)]
    [InlineData(Step.AfterCommit)]
    public async Task A_runner_that_ends_at_any_step_leaves_nothing_out_and_doubles_nothing(Step step)
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        var projection = new SumsProjection();
        await using (
            await ProjectionHost.OpenAsync(
                log,
                database,
                [projection],
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        ) { }
        await using var rows = log.Connect(new(database));
        var clock = new FailingClock();
        for (var crash = 1; crash <= 5; crash++)
        {
            for (var i = 0; i < 20; i++)
                await log.CountAsync();
            using var ended = new CancellationTokenSource();
            Func<Task> end = () =>
            {
                ended.Cancel();
                throw new OperationCanceledException(ended.Token);
            };
            projection.BeforeWrite = step == Step.BeforeWrite ? end : () => Task.CompletedTask;
            // The connection ends at that point of the transaction, and its writes with it.
            var endsAt = step switch
            {
                Step.BeforeCheckpoint => "create trigger ends before update on log.mt_event_progression for each row "
                    + "execute function views.end_session()",
                Step.BeforeCommit => "create constraint trigger ends after insert or update "
                    + "on views.test_sums_v1 deferrable initially deferred for each row "
                    + "execute function views.end_session()",
                _ => null,
            };
            if (endsAt is not null)
                await ExecuteAsync(
                    rows,
                    "create or replace function views.end_session() returns trigger language plpgsql as "
                        + $"'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'; {endsAt}"
                );
            clock.AfterCommit =
                step == Step.AfterCommit
                    ? () =>
                    {
                        ended.Cancel();
                        throw new OperationCanceledException(ended.Token);
                    }
                    : null;

            var runner = new ProjectionRunner(
                log,
                projection,
                projection.Name,
                rows,
                clock,
                NullLogger.Instance,
                Summing.Quick
            );
            var running = runner.RunAsync(ended.Token);
            if (endsAt is not null)
            {
                await Eventually.TrueAsync(() => runner.Status.State == ProjectionState.Faulted);
                await ended.CancelAsync();
            }
            await running;
            var table = step == Step.BeforeCommit ? "views.test_sums_v1" : "log.mt_event_progression";
            if (endsAt is not null)
                await ExecuteAsync(rows, $"drop trigger ends on {table}");
            Assert.Equal(step == Step.AfterCommit ? crash * 20L : (crash - 1) * 20L, await log.SumAsync());

            // The next runner continues from the checkpoint of the former.
            (projection.BeforeWrite, clock.AfterCommit) = (() => Task.CompletedTask, null);
            using var stopped = new CancellationTokenSource();
            var next = new ProjectionRunner(
                log,
                projection,
                projection.Name,
                rows,
                clock,
                NullLogger.Instance,
                Summing.Quick
            );
            running = next.RunAsync(stopped.Token);
            await next.WaitAsync(log.Head, TestContext.Current.CancellationToken);
            await stopped.CancelAsync();
            await running;
            Assert.Equal(crash * 20L, await log.SumAsync());
        }
    }

    [Fact]
    public async Task A_commit_whose_answer_got_lost_is_not_made_again()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        var projection = new SumsProjection();
        await using (
            await ProjectionHost.OpenAsync(
                log,
                database,
                [projection],
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        ) { }
        await using var rows = log.Connect(new(database));
        var lost = 0;
        var clock = new FailingClock
        {
            AfterCommit = () =>
            {
                if (lost++ == 0)
                    throw new NpgsqlException("the answer got lost", new IOException());
            },
        };
        await log.CountAsync(by: 7);
        using var stopped = new CancellationTokenSource();
        var runner = new ProjectionRunner(
            log,
            projection,
            projection.Name,
            rows,
            clock,
            NullLogger.Instance,
            Summing.Quick
        );
        var running = runner.RunAsync(stopped.Token);
        await runner.WaitAsync(1, TestContext.Current.CancellationToken);
        await stopped.CancelAsync();
        await running;
        Assert.True(lost > 0);
        Assert.Equal(7L, await log.SumAsync());
    }

    [Fact]
    public async Task Two_runners_forced_onto_one_projection_do_not_double_it()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        await using var two = await LogFixture.OpenAsync(database);
        await using (
            await ProjectionHost.OpenAsync(
                one,
                database,
                [new SumsProjection()],
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        ) { }
        await using var rows = one.Connect(new(database));
        using var stopped = new CancellationTokenSource();
        var runners = ((EventLog[])[one, two])
            .Select(log => new ProjectionRunner(
                log,
                new SumsProjection(),
                "test.sums.v1",
                rows,
                TimeProvider.System,
                NullLogger.Instance,
                Summing.Quick
            ))
            .ToList();
        var running = runners.ConvertAll(r => r.RunAsync(stopped.Token));
        for (var i = 0; i < 300; i++)
            await one.CountAsync();
        foreach (var runner in runners)
            await runner.WaitAsync(one.Head, TestContext.Current.CancellationToken);
        await stopped.CancelAsync();
        await Task.WhenAll(running);
        Assert.Equal(300L, await one.SumAsync());
    }

    [Fact]
    public async Task At_the_head_what_comes_within_a_breath_is_one_transaction()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        var writes = 0;
        var projection = new SumsProjection
        {
            BeforeWrite = () =>
            {
                writes++;
                return Task.CompletedTask;
            },
        };
        await using (
            await ProjectionHost.OpenAsync(
                log,
                database,
                [projection],
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        ) { }
        await using var rows = log.Connect(new(database));
        var clock = new HeldBreath();
        await log.CountAsync();
        using var stopped = new CancellationTokenSource();
        var runner = new ProjectionRunner(
            log,
            projection,
            projection.Name,
            rows,
            clock,
            NullLogger.Instance,
            Summing.Quick
        );
        var running = runner.RunAsync(stopped.Token);
        await clock.Begun.WaitAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 20; i++)
            await log.CountAsync();
        Assert.Equal(1, writes);
        clock.LetGo();
        await runner.WaitAsync(log.Head, TestContext.Current.CancellationToken);
        Assert.Equal(2, writes);
        await stopped.CancelAsync();
        await running;
        Assert.Equal(21L, await log.SumAsync());
    }

    private static async Task ExecuteAsync(NpgsqlDataSource rows, string sql)
    {
        await using var command = rows.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A runner reads the clock right after each commit, before anything else.</summary>
    private sealed class FailingClock : TimeProvider
    {
        public Action? AfterCommit { get; set; }

        public override long GetTimestamp()
        {
            AfterCommit?.Invoke();
            return base.GetTimestamp();
        }
    }

    /// <summary>A clock that stands still. The first short wait on it ends when the test releases it.</summary>
    private sealed class HeldBreath : TimeProvider
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Action? _end;

        public Task Begun => _begun.Task;

        public override long GetTimestamp() => 1;

        public void LetGo() => _end!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.FromMilliseconds(20) || _begun.Task.IsCompleted)
                return base.CreateTimer(callback, state, dueTime, period);
            _end = () => callback(state);
            _begun.SetResult();
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
