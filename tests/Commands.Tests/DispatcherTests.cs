using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Commands.Tests.Chat;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Models;
using Veza.Fixtures;

namespace Veza.Commands.Tests;

public class DispatcherTests(TestLog log)
{
    private readonly ChatSetting _chat = new();

    [Fact]
    public async Task A_request_sent_twice_at_once_is_not_refused_because_of_itself()
    {
        var (slow, start) = (Guid.CreateVersion7(), log.Now);
        var first = new SendMessage(Guid.CreateVersion7(), slow, _chat.Member, "one", null);
        await log.Given(_chat.Given(_chat.Channel(slow, slowModeSeconds: 10), first)).PlayAsync();
        var again = new SendMessage(Guid.CreateVersion7(), slow, _chat.Member, "two", null);
        var context = new CommandContext(Guid.CreateVersion7(), _chat.Member, Fingerprint: [1]);

        // The twin is carried out after this one has looked for an earlier answer and before it decides.
        CommandResult? twin = null;
        var late = new Dispatcher(log.Log, new Limits(), () =>
        {
            twin ??= Task.Run(() => new Dispatcher(log.Log, new Limits(), () => start.AddSeconds(11)).SendAsync(again, context, null, CancellationToken.None)).GetAwaiter().GetResult();
            return start.AddSeconds(1);
        });
        var answer = Assert.IsType<CommandResult.Done>(await late.SendAsync(again, context, null, CancellationToken.None));
        Assert.Equal(Assert.IsType<CommandResult.Done>(twin).Position, answer.Position);
    }

    [Fact]
    public async Task What_another_node_undid_is_done_again_though_this_node_has_not_heard_of_it()
    {
        await log.Given(_chat.Given(_chat.Sent)).PlayAsync();
        await using var elsewhere = await EventLog.OpenAsync(log.ConnectionString, TestLog.EventTypes, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None, keySecret: TestLog.KeySecret);
        var other = new Dispatcher(elsewhere, new Limits(), () => log.Now);
        for (var i = 0; i < 50; i++)
        {
            await SendAsync(log.Dispatcher, _chat.Reacted("🔥"));
            await SendAsync(other, new RemoveReaction(_chat.Message, _chat.Member, "🔥"));
        }
        await SendAsync(log.Dispatcher, _chat.Reacted("🔥"));
        var events = await log.Log.Reader.ReadStreamAsync(_chat.Message, 0, CancellationToken.None).ToListAsync();
        var message = (Message)events.Aggregate((object?)null, (model, e) => ModelFold.Of<Message>().Next(model, e.Data))!;
        Assert.Equal(1 + 101, events.Count);
        Assert.Single(message.Reactions);

        static async Task SendAsync<T>(Dispatcher to, T command) where T : notnull =>
            Assert.IsType<CommandResult.Done>(await to.SendAsync(command, new(Guid.CreateVersion7(), null), null, CancellationToken.None));
    }
}
