using Veza.EventStore.Reactions;
using Veza.EventStore.Tests.Projections;

namespace Veza.EventStore.Tests.Reactions;

public sealed class ReactionRunnerTests(ReactionServer server) : IClassFixture<ReactionServer>
{
    [Fact]
    public async Task Each_event_is_given_once_and_others_are_not()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Fell(2), new Rang(3));
        var bell = new Bell();
        await using var host = log.Start(bell);
        await host.DoneAsync(3);
        await log.AppendAsync(new Fell(4), new Rang(5));
        await host.DoneAsync(5);

        Assert.Equal([1, 3, 5], bell.Done);
        Assert.Equal(5, await log.CheckpointAsync());
    }

    [Fact]
    public async Task A_restart_goes_on_after_what_was_done()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2));
        var before = new Bell();
        await using (var first = log.Start(before)) await first.DoneAsync(2);
        await log.AppendAsync(new Rang(3));

        var after = new Bell();
        await using var second = log.Start(after);
        await second.DoneAsync(3);

        Assert.Equal([1, 2], before.Done);
        Assert.Equal([3], after.Done);
    }

    [Fact]
    public async Task What_was_under_way_when_it_stopped_is_given_again()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2));
        var before = new Bell();
        before.Hold(2);
        await using (log.Start(before)) await before.Begun(2);
        Assert.Equal([1], before.Done);
        Assert.Equal(1, await log.CheckpointAsync());

        var after = new Bell();
        await using var second = log.Start(after);
        await second.DoneAsync(2);
        Assert.Equal([2], after.Done);
    }

    [Fact]
    public async Task A_failed_attempt_is_tried_again()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1));
        var bell = new Bell { Fails = (_, attempt) => attempt < 3 };
        await using var host = log.Start(bell);
        await host.DoneAsync(1);

        Assert.Equal([1], bell.Done);
        Assert.Equal(3, bell.Attempts[1]);
        Assert.Equal(0, await log.AskAsync<long>("select count(*) from log.parked_events"));
    }

    [Fact]
    public async Task An_event_that_always_fails_is_parked_and_the_rest_goes_on()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2), new Rang(3));
        var bell = new Bell { Fails = (number, _) => number == 2 };
        await using (var host = log.Start(bell))
        {
            await host.DoneAsync(3);
            Assert.Equal(1, Assert.Single(host.Status).Parked);
        }

        Assert.Equal([1, 3], bell.Done);
        Assert.Equal(["2: bell 2 is cracked"], bell.GivenUp);
        Assert.Equal(Ringing.Quick.AttemptsMax, bell.Attempts[2]);
        Assert.Equal("test.bell.v1 2 bell 2 is cracked", await log.AskAsync<string>("select concat_ws(' ', name, position, error) from log.parked_events"));

        var after = new Bell();
        await using var second = log.Start(after);
        await log.AppendAsync(new Rang(4));
        await second.DoneAsync(4);
        Assert.Equal([4], after.Done);
        Assert.Equal(1, Assert.Single(second.Status).Parked);
    }

    [Fact]
    public async Task An_event_that_a_reaction_gives_up_is_parked_at_once()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2));
        var bell = new Bell { GivesUp = true, Fails = (number, _) => number == 1 };
        await using var host = log.Start(bell);
        await host.DoneAsync(2);
        Assert.Equal(1, bell.Attempts[1]);
        Assert.Equal("test.bell.v1 1 bell 1 is gone", await log.AskAsync<string>("select concat_ws(' ', name, position, error) from log.parked_events"));
    }

    [Fact]
    public async Task A_parked_event_is_given_again_when_an_operator_wants_it_and_no_other_with_it()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2), new Rang(3));
        var bell = new Bell { Fails = (number, attempt) => number == 2 && attempt <= 2 * Ringing.Quick.AttemptsMax };
        await using var host = log.Start(bell);
        await host.DoneAsync(3);
        Assert.Equal(1, await log.Runners.RetryAsync("test.bell.v1", TestContext.Current.CancellationToken));
        // It fails as often again, and is parked again.
        await Eventually.TrueAsync(() => bell.Attempts[2] >= 2 * Ringing.Quick.AttemptsMax);
        await Eventually.TrueAsync(async () => await log.Runners.RetryAsync("test.bell.v1", TestContext.Current.CancellationToken) > 0);
        await Eventually.TrueAsync(() => host.Status[0].Parked == 0);

        Assert.Equal([1, 3, 2], bell.Done);
        Assert.Equal(0, await log.AskAsync<long>("select count(*) from log.parked_events"));
        Assert.Equal(3, await log.CheckpointAsync());
    }

    [Fact]
    public async Task A_parked_event_that_an_operator_dismisses_is_gone()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2));
        var bell = new Bell { Fails = (number, _) => number == 1 };
        await using var host = log.Start(bell);
        await host.DoneAsync(2);
        Assert.Equal(1, await log.Runners.SkipAsync("test.bell.v1", TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(() => host.Status[0].Parked == 0);
        Assert.Equal(Ringing.Quick.AttemptsMax, bell.Attempts[1]);
    }

    [Fact]
    public async Task Of_two_nodes_one_works_on_a_reaction_and_the_other_takes_over_when_it_stops()
    {
        await using var one = await server.OpenAsync();
        await using var two = await EventLog.OpenAsync(server.ConnectionString(one), one.Types, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, CancellationToken.None);
        var (first, second) = (new Bell(), new Bell());
        await one.AppendAsync(new Rang(1));
        await using var standby = new Ending();
        await using (var working = one.Start(first))
        {
            await working.DoneAsync(1);
            standby.Host = two.Start(second);
            await one.AppendAsync(new Rang(2));
            await working.DoneAsync(2);
        }
        await one.AppendAsync(new Rang(3));
        await standby.Host.DoneAsync(3);
        Assert.Equal([1, 2], first.Done);
        Assert.Equal([3], second.Done);
    }

    [Fact]
    public async Task The_checkpoint_stays_below_the_oldest_unfinished_event()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Fell(1), new Rang(2), new Rang(3), new Rang(4));
        var bell = new Bell(concurrencyMax: 2);
        bell.Hold(2);
        bell.Hold(4);
        await using (var host = log.Start(bell))
        {
            // The fourth begins only because the third has ended and left its place, beside the second, which is still held.
            await bell.Begun(4);
            Assert.Equal([3], bell.Done);
            // It leaves its place a moment before the runner takes note that it has ended.
            await log.UntilAsync(r => r.Position > 0, "test.bell.v1");
            Assert.Equal(1, await log.CheckpointAsync());
            bell.LetGo(2);
            await host.DoneAsync(3);
            Assert.Equal(3, await log.CheckpointAsync());
        }
        Assert.Equal(3, await log.CheckpointAsync());

        var after = new Bell();
        await using var second = log.Start(after);
        await second.DoneAsync(4);
        Assert.Equal([4], after.Done);
    }

    [Fact]
    public async Task No_more_are_begun_at_once_than_the_reaction_allows()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2), new Rang(3));
        var bell = new Bell(concurrencyMax: 2);
        bell.Hold(1);
        bell.Hold(2);
        await using var host = log.Start(bell);
        await Task.WhenAll(bell.Begun(1), bell.Begun(2));
        Assert.DoesNotContain(3, bell.Attempts.Keys);
        bell.LetGo(1);
        await bell.Begun(3);
        bell.LetGo(2);
        await host.DoneAsync(3);
        Assert.Equal([1, 2, 3], bell.Done.Order());
    }

    [Fact]
    public async Task A_reaction_that_works_on_many_at_once_may_have_as_many_unfinished()
    {
        const int Many = 200;
        await using var log = await server.OpenAsync();
        await log.AppendAsync([.. Enumerable.Range(0, Many).Select(n => new Rang(n))]);
        var bell = new Bell(concurrencyMax: Many);
        foreach (var n in Enumerable.Range(0, Many)) bell.Hold(n);
        await using var host = log.Start(bell);
        await bell.Begun(Many - 1);
        foreach (var n in Enumerable.Range(0, Many)) bell.LetGo(n);
        await host.DoneAsync(Many);
    }

    [Fact]
    public async Task An_event_that_waits_for_its_next_attempt_holds_up_no_other()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2), new Rang(3));
        var bell = new Bell { Fails = (number, _) => number == 1 };
        await using (log.Start(bell, Ringing.Quick with { WaitMin = TimeSpan.FromHours(1), WaitMax = TimeSpan.FromHours(1) })) await bell.Begun(3);

        Assert.Equal(1, bell.Attempts[1]);
        Assert.Contains(2, bell.Done);
        Assert.Equal(0, await log.CheckpointAsync());
    }

    [Fact]
    public async Task A_second_runner_stands_by_until_the_first_has_ended()
    {
        await using var log = await server.OpenAsync();
        var (first, second) = (new Bell(), new Bell());
        await using var standby = new Ending();
        await using (var working = log.Start(first))
        {
            await log.AppendAsync(new Rang(1));
            await working.DoneAsync(1);
            standby.Host = log.Start(second);
            while (standby.Host.Status[0].State != ReactionState.Standby) await Task.Yield();
            await log.AppendAsync(new Rang(2));
            await working.DoneAsync(2);
        }
        await log.AppendAsync(new Rang(3));
        await standby.Host.DoneAsync(3);

        Assert.Equal([1, 2], first.Done);
        Assert.Equal([3], second.Done);
    }

    [Fact]
    public async Task The_same_reaction_to_the_same_event_has_the_same_command_id()
    {
        await using var log = await server.OpenAsync();
        await log.AppendAsync(new Rang(1), new Rang(2));
        var live = await log.ReadAfterAsync(0, 10, CancellationToken.None);
        var stored = await log.Reader.ReadAsync(0, 10, 10, null, null, CancellationToken.None);

        Assert.Equal(FollowUp.CommandId("a.v1", live[0]), FollowUp.CommandId("a.v1", stored[0]));
        Assert.NotEqual(FollowUp.CommandId("a.v1", live[0]), FollowUp.CommandId("b.v1", live[0]));
        Assert.NotEqual(FollowUp.CommandId("a.v1", live[0]), FollowUp.CommandId("a.v1", live[1]));
        Assert.Equal(8, FollowUp.CommandId("a.v1", live[0]).Version);
    }

    private sealed class Ending : IAsyncDisposable
    {
        public ReactionHost Host { get; set; } = null!;
        public ValueTask DisposeAsync() => Host?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
