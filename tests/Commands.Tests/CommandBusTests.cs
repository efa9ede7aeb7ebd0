using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Commands.Tests.Chat;
using Veza.Commands.Tests.Music;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.Fixtures;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Commands.Tests;

[Collection<OverPostgres>]
public class CommandBusTests(TestLog log)
{
    private readonly ChatSetting _chat = new();

    private static CommandContext New() => new(Guid.CreateVersion7(), null);

    [Fact]
    public async Task A_request_sent_twice_at_once_is_not_refused_because_of_itself()
    {
        var (slow, start) = (Guid.CreateVersion7(), log.Now);
        var first = new SendMessage(Guid.CreateVersion7(), slow, _chat.Member, "one", null);
        await log.Given(_chat.Given(_chat.Channel(slow, slowModeSeconds: 10), first)).PlayAsync();
        var again = new SendMessage(Guid.CreateVersion7(), slow, _chat.Member, "two", null);
        var context = new CommandContext(Guid.CreateVersion7(), _chat.Member, Fingerprint: [1]);

        // The twin runs between this command's look-up of an earlier answer and its decision.
        CommandResult? twin = null;
        var late = new CommandBus(log.Wolverine, log.Log, () =>
        {
            twin ??= Task.Run(() =>
                    new CommandBus(log.Wolverine, log.Log, () => start.AddSeconds(11)).SendAsync(
                        again,
                        context,
                        null,
                        CancellationToken.None
                    )
                )
                .GetAwaiter()
                .GetResult();
            return start.AddSeconds(1);
        });
        var answer = Assert.IsType<CommandResult.Done>(
            await late.SendAsync(again, context, null, CancellationToken.None)
        );
        Assert.Equal(Assert.IsType<CommandResult.Done>(twin).Position, answer.Position);
    }

    [Fact]
    public async Task Many_edits_of_one_message_at_once_all_happen()
    {
        await log.Given(_chat.Given(_chat.Sent)).PlayAsync();

        var all = await Task.WhenAll(
            Enumerable
                .Range(0, 32)
                .Select(i => new EditMessage(_chat.Message, _chat.Member, $"edit {i}"))
                .Select(edit => Task.Run(() => log.CommandBus.SendAsync(edit, New(), null, CancellationToken.None)))
        );

        var versions = all.Select(result => Assert.IsType<CommandResult.Done>(result).Version);
        Assert.Equal(Enumerable.Range(2, 32).Select(version => (long)version), versions.Order());
    }

    [Fact]
    public async Task A_command_over_the_bus_is_answered_as_one_that_is_sent()
    {
        await log.Given(_chat.Given(_chat.Sent)).PlayAsync();
        var bus = new MessageBus(log.Wolverine);

        var done = await bus.InvokeAsync<CommandResult>(_chat.Reacted("🔥"));
        var refused = await bus.InvokeAsync<CommandResult>(new EditMessage(_chat.Message, Guid.CreateVersion7(), "hu"));
        var invalid = await bus.InvokeAsync<CommandResult>(_chat.Reacted("no emoji"));

        Assert.Equal(2, Assert.IsType<CommandResult.Done>(done).Version);
        Assert.Equal("permission_missing", Assert.IsType<CommandResult.Refused>(refused).Refusal.Code);
        Assert.Equal("invalid", Assert.IsType<CommandResult.Refused>(invalid).Refusal.Code);
    }

    [Fact]
    public async Task A_command_that_the_bus_delivers_twice_happens_once()
    {
        await log.Given(_chat.Given(_chat.Sent)).PlayAsync();
        var bus = new MessageBus(log.Wolverine);
        var once = CommandHeaders.With(Guid.CreateVersion7());

        await bus.InvokeAsync(_chat.Reacted("🔥"), once);
        await bus.InvokeAsync(new RemoveReaction(_chat.Message, _chat.Member, "🔥"));
        var again = await bus.InvokeAsync<CommandResult>(_chat.Reacted("🔥"), once);

        Assert.Equal(2, Assert.IsType<CommandResult.Done>(again).Version);
        Assert.Equal(3, await log.Log.Reader.ReadStreamAsync(_chat.Message, 0, CancellationToken.None).CountAsync());
    }

    [Fact]
    public async Task A_repeated_follow_up_gets_the_first_answer_even_with_other_content()
    {
        var music = new TrackSetting();
        await log.Given(music.Uploaded).PlayAsync();
        var context = CommandContext.FollowUp(Guid.CreateVersion7());
        var first = Assert.IsType<CommandResult.Done>(
            await log.CommandBus.SendAsync(music.Completed, context, null, CancellationToken.None)
        );
        var again = Assert.IsType<CommandResult.Done>(
            await log.CommandBus.SendAsync(music.Failed, context, null, CancellationToken.None)
        );

        Assert.Equal((first.Version, first.Position), (again.Version, again.Position));
        var events = await log.Log.Reader.ReadStreamAsync(music.Track, 0, CancellationToken.None).ToListAsync();
        Assert.Equal(["track_uploaded", "track_processed"], events.Select(e => e.Type));
    }

    [Fact]
    public async Task The_bus_reports_a_refusal_that_no_caller_waits_for()
    {
        var bus = new MessageBus(log.Wolverine);

        var refused = await Assert.ThrowsAsync<CommandRefusedException>(() => bus.InvokeAsync(_chat.Reacted("🔥")));

        Assert.Equal("message_unknown", refused.Refusal.Code);
        Assert.DoesNotContain("🔥", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handler_that_throws_leaves_nothing_held_that_the_next_command_needs()
    {
        await log.Given(_chat.Given(_chat.Sent)).PlayAsync();
        var broken = new CommandBus(log.Wolverine, log.Log, () => throw new InvalidTimeZoneException());

        var edit = new EditMessage(_chat.Message, _chat.Member, "again");
        var sending = broken.SendAsync(edit, New(), null, CancellationToken.None);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => sending);

        var result = await log.CommandBus.SendAsync(edit, New(), null, CancellationToken.None);
        Assert.IsType<CommandResult.Done>(result);
    }

    [Fact]
    public async Task A_command_undone_by_another_node_takes_effect_again_before_this_node_has_followed_it()
    {
        await log.Given(_chat.Given(_chat.Sent)).PlayAsync();
        await using var elsewhere = await EventLog.OpenAsync(
            log.ConnectionString,
            TestLog.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: new(TestLog.KeySecret)
        );
        var other = new CommandBus(log.Wolverine, elsewhere, () => log.Now);
        for (var i = 0; i < 50; i++)
        {
            await SendAsync(log.CommandBus, _chat.Reacted("🔥"));
            await SendAsync(other, new RemoveReaction(_chat.Message, _chat.Member, "🔥"));
        }
        await SendAsync(log.CommandBus, _chat.Reacted("🔥"));
        var events = await log.Log.Reader.ReadStreamAsync(_chat.Message, 0, CancellationToken.None).ToListAsync();
        var message = (Message)
            events.Aggregate((object?)null, (model, e) => AggregateFold.Of<Message>().Next(model, e.Data))!;
        Assert.Equal(1 + 101, events.Count);
        Assert.Single(message.Reactions);

        static async Task SendAsync<T>(CommandBus to, T command)
            where T : notnull =>
            Assert.IsType<CommandResult.Done>(
                await to.SendAsync(command, new(Guid.CreateVersion7(), null), null, CancellationToken.None)
            );
    }
}
