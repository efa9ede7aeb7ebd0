using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Chat.Communities;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Registry;
using Veza.Projections.Social.Follows;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>An engine over the shared log, and a community with new ids for every test.</summary>
internal sealed class LiveSetting : IAsyncDisposable
{
    private static readonly Lock MakingTables = new();

    private readonly TestLog _log;

    /// <param name="run">False does not run the engine, for tests that replace it.</param>
    /// <param name="node">The log of another node; by default the one that the test appends to.</param>
    public LiveSetting(
        TestLog log,
        RealtimeLimits? limits = null,
        bool run = true,
        TopicMap? map = null,
        EventLog? node = null,
        ItemShapes? shapes = null
    )
    {
        _log = log;
        MakeIndexTable(log);
        Limits = limits ?? new();
        node ??= log.Log;
        var access = new TopicAccess(
            node,
            new ChatQueries(log.Views),
            new RoleQueries(log.Views),
            new FollowQueries(log.Views),
            log.Projections.WaitAsync,
            Limits,
            (session, _) =>
            {
                if (!LogIsBusy)
                    Recorded.Add(session);
                return Task.FromResult(!LogIsBusy);
            }
        );
        Engine = new(
            node,
            map ?? TopicRegistry.Map,
            shapes ?? new(EventShapes.All),
            access,
            Limits,
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        if (run)
            Engine.Start();
    }

    public RealtimeLimits Limits { get; }

    /// <summary>Makes the recording of reads of the log fail.</summary>
    public bool LogIsBusy { get; set; }

    /// <summary>Sessions whose reads of the log were recorded.</summary>
    public HashSet<Guid> Recorded { get; } = [];
    public LiveEngine Engine { get; }

    public Guid Community { get; } = Guid.CreateVersion7();
    public Guid General { get; } = Guid.CreateVersion7();
    public Guid Owner { get; } = Guid.CreateVersion7();
    public Guid Member { get; } = Guid.CreateVersion7();
    public Guid Session { get; } = Guid.CreateVersion7();

    public LiveCaller Caller => new(Member, Session, MayReadLog: false);
    public LiveCaller Analyst => new(Guid.CreateVersion7(), null, MayReadLog: true);
    public string Channel => $"channel:{General}";
    public string Account => $"account:{Member}";

    /// <summary>The community with its member.</summary>
    public async Task<LiveSetting> WithCommunityAsync()
    {
        await SendAsync(new CreateCommunity(Community, General, Owner, "Vinyl diggers"));
        await SendAsync(new JoinCommunity(Community, Member));
        return this;
    }

    /// <returns>The position of the command's last event.</returns>
    public async Task<long> SendAsync<TCommand>(TCommand command)
        where TCommand : notnull =>
        Assert
            .IsType<CommandResult.Done>(
                await _log.CommandBus.SendAsync(
                    command,
                    new(Guid.CreateVersion7(), Member),
                    null,
                    CancellationToken.None
                )
            )
            .Position;

    public Task<long> SayAsync(string text, Guid? channel = null) =>
        SendAsync(new SendMessage(Guid.CreateVersion7(), channel ?? General, Member, text, null));

    /// <summary>
    /// Appends events that no command here produces, each in its own stream; those that make a community in its.
    /// </summary>
    public async Task<long> AppendAsync(params DomainEvent[] events)
    {
        var request = new AppendRequest(
            Guid.CreateVersion7(),
            [.. events.Select(e => new StreamChange(StreamOf(e), "test", 0, [e]))],
            [],
            Member.ToString("N")
        );
        return Assert.IsType<AppendOutcome.Accepted>(await _log.Log.Appender.AppendAsync(request)).Position;
    }

    public async Task<LiveReader> SubscribeAsync(
        string[] topics,
        long? after = null,
        LiveCaller? caller = null,
        string? epoch = null
    ) =>
        new(
            Assert
                .IsType<SubscribeOutcome.Opened>(
                    await Engine.SubscribeAsync(
                        caller ?? Caller,
                        topics,
                        after,
                        epoch,
                        TestContext.Current.CancellationToken
                    )
                )
                .Subscription,
            after
        );

    public async Task<LiveRefusal> RefusedAsync(string[] topics, long? after = null, LiveCaller? caller = null) =>
        Assert
            .IsType<SubscribeOutcome.Refused>(
                await Engine.SubscribeAsync(
                    caller ?? Caller,
                    topics,
                    after,
                    null,
                    TestContext.Current.CancellationToken
                )
            )
            .Refusal;

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    private static Guid StreamOf(DomainEvent e) =>
        e is CommunityCreated created ? created.CommunityId : Guid.CreateVersion7();

    // The host fills the tail at its start; here it stays empty unless the test fills it.
    private static void MakeIndexTable(TestLog log)
    {
        lock (MakingTables)
        {
            using var find = log.Log.Database.CreateCommand("select to_regclass('views.log_topics') is not null");
            if (find.ExecuteScalar() is true)
                return;
            ProjectionHost
                .OpenAsync(
                    log.Log,
                    log.ConnectionString,
                    [new TopicIndexProjection(TopicRegistry.Map)],
                    TimeProvider.System,
                    NullLoggerFactory.Instance,
                    CancellationToken.None
                )
                .GetAwaiter()
                .GetResult()
                .DisposeAsync()
                .AsTask()
                .GetAwaiter()
                .GetResult();
        }
    }
}

/// <summary>A client that reads messages on demand and checks that each batch continues the one before.</summary>
internal sealed class LiveReader(LiveSubscription subscription, long? after) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<LiveMessage> _messages = subscription
        .ReadAsync(TestContext.Current.CancellationToken)
        .GetAsyncEnumerator();

    public long? Position { get; private set; } = after;
    public List<LiveItem> Items { get; } = [];
    public IEnumerable<string?> Texts =>
        Items.Select(i => Json(i).GetProperty("data").TryGetProperty("text", out var text) ? text.GetString() : null);
    public IEnumerable<string?> Types => Items.Select(i => Json(i).GetProperty("type").GetString());

    public static JsonElement Json(LiveItem item) => JsonDocument.Parse(item.Json).RootElement;

    /// <summary>The next message; null when the subscription has ended.</summary>
    public async Task<LiveMessage?> NextAsync()
    {
        if (!await _messages.MoveNextAsync())
            return null;
        if (_messages.Current is LiveMessage.Batch batch)
        {
            if (Position is { } position)
                Assert.Equal(position, batch.Previous);
            Assert.True(batch.Position >= batch.Previous);
            Assert.All(batch.Items, i => Assert.InRange(i.Position, batch.Previous + 1, batch.Position));
            Position = batch.Position;
            Items.AddRange(batch.Items);
        }
        return _messages.Current;
    }

    /// <summary>Reads up to a position.</summary>
    public async Task<LiveReader> ReadToAsync(long position)
    {
        while (Position is null || Position < position)
            Assert.IsType<LiveMessage.Batch>(await NextAsync());
        return this;
    }

    /// <summary>Reads to the last message.</summary>
    public async Task<LiveMessage> ReadToEndAsync()
    {
        LiveMessage? last = null;
        while (await NextAsync() is { } next)
            last = next;
        return last!;
    }

    public ValueTask DisposeAsync() => _messages.DisposeAsync();
}
