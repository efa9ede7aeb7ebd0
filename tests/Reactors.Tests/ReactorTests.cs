using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Events;
using Veza.Reactors.Running;

namespace Veza.Reactors.Tests;

public sealed class ReactorTests(ReactorServer server) : IClassFixture<ReactorServer>
{
    private readonly Tower _tower = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_event_is_given_once_and_others_are_not()
    {
        await using var node = await StartAsync();
        await node.AppendAsync(new Rang(1), new Fell(2), new Rang(3));
        await node.DoneAsync();
        await node.AppendAsync(new Fell(4), new Rang(5));
        await node.DoneAsync();

        Assert.Equal([1, 3, 5], _tower.Done.Order());
        Assert.Equal(0, (await node.StateAsync()).Dead);
    }

    [Fact]
    public async Task A_restart_goes_on_after_what_was_done_and_takes_up_what_was_under_way()
    {
        var database = await server.NewDatabaseAsync();
        _tower.Hold(2);
        await using (var node = await ReactorServer.StartAsync(database, _tower))
        {
            await node.AppendAsync(new Rang(1), new Rang(2));
            await _tower.Begun(2);
            await Eventually.TrueAsync(() => _tower.Done.Contains(1), what: "the first is done");
        }
        Assert.Equal([1], _tower.Done);

        var after = new Tower();
        await using var again = await ReactorServer.StartAsync(database, after);
        await again.AppendAsync(new Rang(3));
        await again.DoneAsync();
        Assert.Equal([2, 3], after.Done.Order());
    }

    [Fact]
    public async Task A_failed_attempt_is_followed_by_another()
    {
        _tower.Fault = (_, attempt) => attempt < 3 ? new InvalidOperationException("cracked") : null;
        await using var node = await StartAsync();
        await node.AppendAsync(new Rang(1));
        await node.DoneAsync();

        Assert.Equal([1], _tower.Done);
        Assert.Equal(3, _tower.Attempts[1]);
        Assert.Equal(0, (await node.StateAsync()).Dead);
    }

    [Fact]
    public async Task An_event_that_always_fails_becomes_a_dead_letter_that_an_operator_retries()
    {
        var isCracked = true;
        _tower.Fault = (number, _) =>
            number == 1 && isCracked ? new InvalidOperationException("bell 1 is cracked") : null;
        await using var node = await StartAsync();
        await node.AppendAsync(new Rang(1), new Rang(2));
        await node.DoneAsync();

        Assert.Equal([2], _tower.Done);
        Assert.Equal(3, _tower.Attempts[1]);
        var state = await node.StateAsync();
        Assert.Equal((1L, "bell 1 is cracked"), (state.Dead, state.Error));

        isCracked = false;
        Assert.Equal(1, await node.RetryAsync());
        await Eventually.TrueAsync(() => _tower.Done.Contains(1), what: "it is given again");
        await node.DoneAsync();
        Assert.Equal([2, 1], _tower.Done);
        Assert.Equal(0, (await node.StateAsync()).Dead);
    }

    [Fact]
    public async Task A_dead_letter_that_an_operator_dismisses_is_gone()
    {
        _tower.Fault = (_, _) => new ReactorGivesUpException("there is no bell");
        await using var node = await StartAsync();
        await node.AppendAsync(new Rang(1));
        await node.DoneAsync();
        Assert.Equal(1, _tower.Attempts[1]);
        Assert.Equal("there is no bell", (await node.StateAsync()).Error);

        Assert.Equal(1, await node.SkipAsync());
        Assert.Equal(0, await node.RetryAsync());
        Assert.Equal(0, (await node.StateAsync()).Dead);
    }

    [Fact]
    public async Task The_events_of_a_stream_are_given_in_order_also_when_one_fails_and_hold_up_no_other_stream()
    {
        var isCracked = true;
        _tower.Fault = (number, _) => number == 1 && isCracked ? new InvalidOperationException("cracked") : null;
        await using var node = await StartAsync();
        await node.AppendAsync(Guid.CreateVersion7(), new Rang(1), new Rang(2), new Rang(3));
        await node.AppendAsync(new Rang(10));
        await Eventually.TrueAsync(() => _tower.Done.Contains(10), what: "the other stream goes on");
        Assert.Equal([10], _tower.Done);

        isCracked = false;
        await node.DoneAsync();
        Assert.Equal([10, 1, 2, 3], _tower.Done);
        Assert.Equal(0, (await node.StateAsync()).Dead);
    }

    [Fact]
    public async Task A_fault_that_is_not_the_events_is_tried_again_for_as_long_as_it_takes()
    {
        _tower.Fault = (_, attempt) => attempt <= 2 ? new NpgsqlException("the connection broke") : null;
        await using var node = await StartAsync();
        await node.AppendAsync(new Rang(1));
        await node.DoneAsync();
        Assert.Equal([1], _tower.Done);
        Assert.Equal(0, (await node.StateAsync()).Dead);
    }

    [Fact]
    public async Task Of_two_nodes_one_is_given_an_event_and_the_other_takes_over_when_it_stops()
    {
        var database = await server.NewDatabaseAsync();
        var other = new Tower();
        var first = await ReactorServer.StartAsync(database, _tower);
        await using var second = await ReactorServer.StartAsync(database, other);
        await first.AppendAsync([.. Enumerable.Range(1, 20).Select(i => new Rang(i))]);
        await second.DoneAsync();
        Assert.Equal(Enumerable.Range(1, 20), _tower.Done.Concat(other.Done).Order());

        await first.DisposeAsync();
        var before = other.Done.Count;
        await second.AppendAsync(new Rang(21), new Rang(22));
        await second.DoneAsync();
        Assert.Equal([21, 22], other.Done.Skip(before).Order());
    }

    [Fact]
    public async Task A_message_that_its_node_lost_is_taken_up_again()
    {
        await using var node = await StartAsync();
        _tower.Hold(1);
        await node.AppendAsync(new Rang(1));
        await _tower.Begun(1);
        // As if the database was away when the failed attempt was recorded.
        await Eventually.TrueAsync(async () => (await node.StateAsync()).Waiting == 1, what: "it is under way");
        _tower.LetGo(1);
        await node.DoneAsync();
        await ExecuteAsync(node, "update wolverine.wolverine_incoming_envelopes set status = 'Incoming'");
        await Eventually.TrueAsync(async () => (await node.StateAsync()).Waiting == 0, what: "it is finished again");
        Assert.Equal([1, 1], _tower.Done);
    }

    [Fact]
    public async Task No_more_are_stored_than_a_queue_may_hold()
    {
        await using var node = await StartAsync();
        _tower.Hold(1);
        var stream = Guid.CreateVersion7();
        await node.AppendAsync(
            stream,
            [.. Enumerable.Range(1, ReactorSubscription.WaitingMax + 600).Select(i => new Rang(i))]
        );
        await _tower.Begun(1);
        await Eventually.TrueAsync(
            async () => (await node.StateAsync()).Waiting >= ReactorSubscription.WaitingMax,
            what: "the queue is full"
        );
        Assert.InRange(
            await node.CheckpointAsync(),
            ReactorSubscription.WaitingMax,
            ReactorSubscription.WaitingMax + 500
        );
    }

    [Fact]
    public async Task Events_parked_by_a_former_release_are_delivered_again()
    {
        var database = await server.NewDatabaseAsync();
        await using (var node = await ReactorServer.StartAsync(database, new Tower()))
        {
            await node.AppendAsync(new Rang(1), new Rang(2));
            await node.DoneAsync();
            await ExecuteAsync(node, "delete from wolverine.wolverine_incoming_envelopes");
            await ExecuteAsync(
                node,
                $"""
                insert into log.parked_events (name, position, error, at) values ('{Bell.Name}', 1, 'cracked', now())
                """
            );
        }
        await using var again = await ReactorServer.StartAsync(database, _tower);
        await Eventually.TrueAsync(() => _tower.Done.Contains(1), what: "it is given again");
        await again.DoneAsync();
        Assert.Equal([1], _tower.Done);
    }

    [Fact]
    public async Task A_message_holds_where_its_event_stands_and_nothing_of_it()
    {
        await using var node = await StartAsync();
        _tower.Hold(4711);
        await node.AppendAsync(new Rang(4711));
        await _tower.Begun(4711);
        await using var read = node.Log.Database.CreateCommand(
            "select body from wolverine.wolverine_incoming_envelopes"
        );
        var body = System.Text.Encoding.UTF8.GetString((byte[])(await read.ExecuteScalarAsync(Ct))!);
        Assert.Contains("\"position\":1", body, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("4711", body, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_with_a_text_does_not_wait_for_its_time() =>
        Assert.Throws<ArgumentException>(() => ReactorCommands.ThrowIfText(typeof(Commands.Accounts.EndSuspension)));

    [Fact]
    public void The_same_reactor_to_the_same_event_has_the_same_command_id()
    {
        var e = new RecordedEvent(
            1,
            new("0198f5c0-0000-7000-8000-000000000000"),
            default,
            1,
            "rang",
            default,
            default,
            null,
            default,
            EventTypes.DerivedFrom(typeof(Event))
        );
        Assert.Equal(ReactorCommands.CommandId("test.bell.v1", e), ReactorCommands.CommandId("test.bell.v1", e));
        Assert.NotEqual(ReactorCommands.CommandId("test.bell.v1", e), ReactorCommands.CommandId("test.bell.v2", e));
        Assert.NotEqual(
            ReactorCommands.CommandId("test.bell.v1", e),
            ReactorCommands.CommandId("test.bell.v1", e, Guid.CreateVersion7())
        );
    }

    private async Task<BellNode> StartAsync() =>
        await ReactorServer.StartAsync(await server.NewDatabaseAsync(), _tower);

    private static async Task ExecuteAsync(BellNode node, string sql)
    {
        await using var run = node.Log.Database.CreateCommand(sql);
        await run.ExecuteNonQueryAsync(Ct);
    }
}
