using Microsoft.Extensions.DependencyInjection;
using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;
using Veza.EventStore.Reading;
using Veza.Projections.Chat.Messages;
using Veza.Reactors.Chat.Members;
using Veza.Reactors.Running;
using Wolverine.Runtime;

namespace Veza.Integration.Tests.Chat;

/// <summary>A server whose reactors the tests run.</summary>
public sealed class ServerWithoutReactors : IAsyncLifetime
{
    public VezaServer Veza { get; } = new() { More = [("ROLES", "api,realtime")] };

    public async ValueTask InitializeAsync()
    {
        await Veza.InitializeAsync();
        Veza.Running.Projections.Start();
    }

    public ValueTask DisposeAsync() => Veza.DisposeAsync();
}

/// <summary>The deletion that a ban orders, over the production log, projections and commands.</summary>
public class WithdrawMessagesTests(ServerWithoutReactors server) : IClassFixture<ServerWithoutReactors>
{
    private const string Name = "chat.withdraw_messages.v1";

    private readonly Guid _community = Guid.CreateVersion7();
    private readonly Guid _general = Guid.CreateVersion7();
    private readonly Guid _owner = Guid.CreateVersion7();
    private readonly Guid _eve = Guid.CreateVersion7();
    private long _from;

    private EventLog Log => server.Veza.Running.Log;
    private CommandBus Commands => Get<CommandBus>();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_sent_in_the_span_are_deleted_once_and_no_others()
    {
        await BeginAsync();
        var (elsewhere, there, news, bo) = (
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        await SendAsync(new CreateChannel(news, _community, _owner, "news", ChannelKind.Text, null, 0));
        await SendAsync(new CreateCommunity(elsewhere, there, _owner, "Elsewhere"));
        await SendAsync(new JoinCommunity(elsewhere, _eve));
        await SendAsync(new JoinCommunity(_community, bo));

        var old = await SayAsync(_eve, _general);
        var since = await TimeOfAsync(await SayAsync(bo, _general));
        Guid[] recent = [await SayAsync(_eve, _general), await SayAsync(_eve, news)];
        await SayAsync(bo, _general);
        await SayAsync(_eve, there);
        var taken = await SayAsync(_eve, _general);
        await SendAsync(new DeleteMessage(taken, _eve));
        await SendAsync(new BanMember(_community, _eve, _owner, null));
        await OrderAsync(since);

        await RunAsync(Reactor());
        var deleted = await DeletedAsync();
        Assert.Equal(recent.Append(taken).Order(), deleted.Select(d => d.MessageId).Order());
        Assert.All(deleted.Where(d => d.MessageId != taken), d => Assert.Equal(_owner, d.ByMemberId));
        Assert.NotNull(await Get<MessageQueries>().FindAsync(old, _owner, Ct));
    }

    [Fact]
    public async Task A_deletion_that_died_half_way_is_resumed_and_deletes_each_message_once()
    {
        await BeginAsync();
        var sent = await SayAsync(_eve, _general, 100);
        await SendAsync(new BanMember(_community, _eve, _owner, null, 1));

        var decided = 0;
        var failing = Reactor(() =>
        {
            if (Interlocked.Increment(ref decided) < 40)
                return TimeProvider.System.GetUtcNow();
            throw new InvalidOperationException("the processor is on fire");
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(failing));
        Assert.InRange((await DeletedAsync()).Count, 1, 99);

        await RunAsync(Reactor());
        Assert.Equal(sent.Order(), (await DeletedAsync()).Select(d => d.MessageId).Order());
    }

    [Fact]
    public async Task Messages_from_before_a_lifted_ban_are_deleted_and_later_ones_stay()
    {
        await BeginAsync();
        var before = await SayAsync(_eve, _general);
        await SendAsync(new BanMember(_community, _eve, _owner, null, 1));
        await SendAsync(new UnbanMember(_community, _eve, _owner));
        await SendAsync(new JoinCommunity(_community, _eve));
        await SayAsync(_eve, _general);

        await RunAsync(Reactor());
        Assert.Equal(before, Assert.Single(await DeletedAsync()).MessageId);
    }

    [Fact]
    public async Task A_message_that_was_decided_beside_the_ban_and_stands_behind_it_goes_too()
    {
        await BeginAsync();
        await SendAsync(new BanMember(_community, _eve, _owner, null, 1));
        var late = Guid.CreateVersion7();
        await AppendAsync<Message>(late, 0, new MessageSent(late, _general, _eve, "too late", null));

        await RunAsync(Reactor());
        Assert.Equal(late, Assert.Single(await DeletedAsync()).MessageId);
    }

    [Fact]
    public async Task Thousands_of_messages_go_page_by_page()
    {
        await BeginAsync();
        var sent = await SayAsync(_eve, _general, 5000);
        await SendAsync(new BanMember(_community, _eve, _owner, null, Member.DeleteMessagesHoursMax));
        await RunAsync(Reactor(pageMax: 1000));
        Assert.Equal(sent.Order(), (await DeletedAsync()).Select(d => d.MessageId).Order());
    }

    [Fact]
    public async Task One_with_many_messages_holds_up_no_other()
    {
        await BeginAsync();
        var bo = Guid.CreateVersion7();
        await SendAsync(new JoinCommunity(_community, bo));
        await SayAsync(_eve, _general, 100);
        var others = await SayAsync(bo, _general);
        await SendAsync(new BanMember(_community, _eve, _owner, null, 1));

        var (decided, held) = (0, new ManualResetEventSlim());
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reactor = Reactor(
            () =>
            {
                if (Interlocked.Increment(ref decided) == 1)
                {
                    stuck.SetResult();
                    held.Wait(Ct);
                }
                return TimeProvider.System.GetUtcNow();
            },
            atOnceMax: 1
        );
        var first = Task.Run(() => RunAsync(reactor), Ct);
        await stuck.Task.WaitAsync(Ct);
        await SendAsync(new BanMember(_community, bo, _owner, null, 1));
        Assert.InRange(WolverineReactors.All.Single(r => r.Name == Name).AtOnceMax, 2, 8);
        await HandleAsync(reactor, (await OrdersAsync())[^1]);
        Assert.Equal(others, Assert.Single(await DeletedAsync()).MessageId);
        held.Set();
        await first;
        Assert.Equal(101, (await DeletedAsync()).Count);
    }

    /// <summary>A community of the owner, with eve as a member.</summary>
    private async Task BeginAsync()
    {
        _from = Log.Head;
        await SendAsync(new CreateCommunity(_community, _general, _owner, "Vinyl diggers"));
        await SendAsync(new JoinCommunity(_community, _eve));
    }

    private async Task<Guid> SayAsync(Guid by, Guid channel) => (await SayAsync(by, channel, 1))[0];

    private async Task<Guid[]> SayAsync(Guid by, Guid channel, int count)
    {
        Guid[] messages = [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];
        await Parallel.ForEachAsync(
            messages,
            new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Ct },
            async (message, _) => await SendAsync(new SendMessage(message, channel, by, "buy watches", null))
        );
        return messages;
    }

    private async Task SendAsync<TCommand>(TCommand command)
        where TCommand : notnull
    {
        var result = await Commands.SendAsync(command, new(Guid.CreateVersion7(), null), null, Ct);
        if (result is CommandResult.Refused { Refusal: var no })
            Assert.Fail($"{command} was refused: {no.Code}: {no.Detail}");
    }

    /// <summary>As a ban does, but for an exact span: the command counts hours.</summary>
    private async Task OrderAsync(DateTimeOffset since)
    {
        var stream = Member.StreamId(_community, _eve);
        await AppendAsync<Member>(
            stream,
            (await Log.Aggregates.LoadAsync(typeof(Member), stream, Ct)).Version,
            new MemberMessagesDeletionOrdered(_community, _eve, _owner, since)
        );
    }

    private async Task AppendAsync<TAggregate>(Guid stream, long version, object happened) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await Log.Appender.AppendAsync(
                new(
                    Guid.CreateVersion7(),
                    [new(stream, AggregateFold.Of<TAggregate>().StreamType, version, [happened])],
                    []
                )
            )
        );

    private async Task<DateTimeOffset> TimeOfAsync(Guid message) =>
        (await Log.Reader.ReadAsync(0, long.MaxValue, 1, null, message, Ct))[0].At;

    /// <summary>The deletions since the test began, in the log's order.</summary>
    private async Task<List<MessageDeleted>> DeletedAsync()
    {
        var deleted = new List<MessageDeleted>();
        await foreach (
            var e in Log.Reader.ReadAllAsync(
                new LogQuery(_from) { Types = Log.Types.AliasesOf(typeof(MessageDeleted)) },
                Ct
            )
        )
            deleted.Add((MessageDeleted)e.Data!);
        return deleted;
    }

    private WithdrawMessages Reactor(Func<DateTimeOffset>? now = null, int pageMax = 10, int atOnceMax = 8) =>
        new(
            Get<MessageQueries>(),
            server.Veza.Running.Projections,
            Log,
            new CommandBus(Get<IWolverineRuntime>(), Log, now ?? TimeProvider.System.GetUtcNow)
        )
        {
            PageMax = pageMax,
            AtOnceMax = atOnceMax,
        };

    /// <summary>Gives the reactor every order since the test began.</summary>
    private async Task RunAsync(WithdrawMessages reactor)
    {
        foreach (var order in await OrdersAsync())
            await HandleAsync(reactor, order);
    }

    private static Task HandleAsync(WithdrawMessages reactor, RecordedEvent e) =>
        reactor.HandleAsync(
            new(e.Position),
            new(e, (MemberMessagesDeletionOrdered)e.Data!, Name, IsLastAttempt: false),
            Ct
        );

    private async Task<List<RecordedEvent>> OrdersAsync()
    {
        var orders = new LogQuery(_from) { Types = Log.Types.AliasesOf(typeof(MemberMessagesDeletionOrdered)) };
        return await Log.Reader.ReadAllAsync(orders, Ct).ToListAsync(Ct);
    }

    private T Get<T>()
        where T : notnull => server.Veza.Running.App.Services.GetRequiredService<T>();
}
