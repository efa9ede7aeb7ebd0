using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Roles;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Chat.Roles;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Events;
using Veza.Projections.Chat.Roles;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>
/// Roles and overwrites change at random while people talk. Each subscriber receives exactly the messages of the
/// channels that it sees at their positions; before its subscription, those of the channels that it sees then.
/// </summary>
[Collection("index")]
public class VisibilityHistoryTests(IndexedLog log)
{
    private const int Steps = 150;
    private static readonly RealtimeLimits NoHistory = new() { WithoutHistoryMax = TimeSpan.Zero };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Live_on_two_nodes_each_member_receives_exactly_what_it_may_see_at_each_position(int seed)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var here = new LiveSetting(log.Log, NoHistory with { BatchItemsMax = 7 });
        await using var node = await log.NodeAsync();
        await using var there = new LiveSetting(log.Log, NoHistory, node: node);
        var history = new History(here, random);
        var beginning = log.Log.Log.Head;
        await history.BeginAsync();
        var first = log.Log.Log.Head;
        var open = new List<(Guid Member, LiveReader Reader, long After, long CheckedAt, Task Reading)>();
        var end = new TaskCompletionSource<long>();
        for (var i = 0; i < Steps; i++)
        {
            if (i % 15 == 0)
                foreach (var member in history.Members)
                {
                    await node.CatchUpAsync(TestContext.Current.CancellationToken);
                    var (at, after) = (
                        random.Next(2) == 0 ? here : there,
                        random.NextInt64(first, log.Log.Log.Head + 1)
                    );
                    var caller = new LiveCaller(member, null, MayReadLog: false);
                    var reader = await at.SubscribeAsync(["communities:mine"], after, caller);
                    // Some read at once, others only when all has happened.
                    var begin = random.Next(2) == 0 ? Task.CompletedTask : end.Task;
                    open.Add((member, reader, after, log.Log.Log.Head, ReadAsync(reader, begin, end.Task)));
                }
            await history.NextAsync();
        }
        // One channel is shown to all.
        var last = await history.EndAsync();
        end.SetResult(last);
        // Who has read the last message already learns of the end with its next one.
        await history.EndAsync();
        var events = await EventsAsync(beginning);
        foreach (var (member, reader, after, checkedAt, reading) in open)
        {
            await reading;
            Assert.Equal(
                history.Seen(events, member, after, checkedAt).Where(position => position <= last),
                reader.Items.Where(IsMessage).Select(i => i.Position).Where(position => position <= last)
            );
            await reader.DisposeAsync();
        }
        Assert.Contains(open, o => history.Seen(events, o.Member, o.After, o.CheckedAt).Count > 10);
    }

    private static bool IsMessage(LiveItem item) =>
        LiveReader.Json(item).GetProperty("type").GetString() == "messageSent";

    private static async Task ReadAsync(LiveReader reader, Task begin, Task<long> end)
    {
        await begin;
        while (!end.IsCompletedSuccessfully || reader.Position is not { } at || at < await end)
            Assert.NotNull(await reader.NextAsync());
    }

    private async Task<List<RecordedEvent>> EventsAsync(long after)
    {
        var events = new List<RecordedEvent>();
        await foreach (var e in ReadAllAsync(after))
            events.Add(e);
        return events;
    }

    private async IAsyncEnumerable<RecordedEvent> ReadAllAsync(long after)
    {
        for (var head = log.Log.Log.Head; after < head; )
            foreach (var e in await log.Log.Log.ReadAfterAsync(after, 500, TestContext.Current.CancellationToken))
            {
                after = e.Position;
                yield return e;
            }
    }

    /// <summary>A community of three members besides the owner, with three channels and two roles.</summary>
    private sealed class History(LiveSetting at, Random random)
    {
        private static readonly Permission[] Bits =
        [
            Permission.None,
            Permission.ViewChannel,
            Permission.SendMessages,
            Permission.ViewChannel | Permission.ReadMessageHistory,
        ];

        private readonly Guid[] _channels = [at.General, Guid.CreateVersion7(), Guid.CreateVersion7()];
        private readonly Guid _last = Guid.CreateVersion7();
        private readonly Guid[] _roles = [Guid.CreateVersion7(), Guid.CreateVersion7()];

        public Guid[] Members { get; } = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];

        public async Task BeginAsync()
        {
            await at.SendAsync(new CreateCommunity(at.Community, at.General, at.Owner, "of three"));
            foreach (var channel in _channels[1..].Append(_last))
                await at.SendAsync(
                    new CreateChannel(channel, at.Community, at.Owner, "talk", ChannelKind.Text, null, 0)
                );
            foreach (var member in Members)
                await at.SendAsync(new JoinCommunity(at.Community, member));
            foreach (var role in _roles)
                await at.SendAsync(
                    new CreateRole(at.Community, role, at.Owner, "some", 0, Permission.None, false, false)
                );
            foreach (var member in Members)
                await at.SendAsync(
                    new SetOverwrite(_last, at.Owner, OverwriteTarget.Member, member, Permission.ViewChannel, 0)
                );
        }

        public Task<long> EndAsync() => SayAsync(_last);

        public Task NextAsync()
        {
            var (channel, role, member) = (Pick(_channels), Pick(_roles), Pick(Members));
            var everyone = at.Community;
            switch (random.Next(16))
            {
                case 0:
                    return SendAsync(new GiveRole(at.Community, member, role, at.Owner));
                case 1:
                    return SendAsync(new TakeRole(at.Community, member, role, at.Owner));
                case 2:
                    return ChangeAsync(role);
                case 3:
                    return ChangeAsync(everyone);
                case < 7:
                    return OverwriteAsync(channel, OverwriteTarget.Role, random.Next(2) == 0 ? role : everyone);
                case 7:
                    return OverwriteAsync(channel, OverwriteTarget.Member, member);
                case 8:
                    return SendAsync(new RemoveOverwrite(channel, at.Owner, random.Next(2) == 0 ? everyone : member));
                default:
                    return SayAsync(channel);
            }
        }

        /// <returns>The messages that a subscriber must receive.</returns>
        public List<long> Seen(List<RecordedEvent> events, Guid member, long after, long checkedAt)
        {
            var now = new State(at.Community, member);
            foreach (var e in events.Where(e => e.Position <= checkedAt))
                now.Take(e);
            var seen = new List<long>();
            foreach (var e in events)
            {
                if (e.Position > checkedAt)
                    now.Take(e);
                if (
                    e.Position > after
                    && e.Data is MessageSent sent
                    && now.MayRead(sent.ChannelId, e.Position, checkedAt)
                )
                    seen.Add(e.Position);
            }
            return seen;
        }

        private Task ChangeAsync(Guid role) =>
            SendAsync(new ChangeRole(at.Community, role, at.Owner, "some", 0, Pick(Bits), false, false));

        private Task OverwriteAsync(Guid channel, OverwriteTarget kind, Guid target)
        {
            var (allow, deny) = (Pick(Bits), Pick(Bits));
            return SendAsync(new SetOverwrite(channel, at.Owner, kind, target, allow, deny & ~allow));
        }

        private Task<long> SayAsync(Guid channel) =>
            at.SendAsync(new SendMessage(Guid.CreateVersion7(), channel, at.Owner, "hello", null));

        private Task SendAsync<T>(T command)
            where T : notnull => at.SendAsync(command);

        private T Pick<T>(T[] of) => of[random.Next(of.Length)];
    }

    /// <summary>What one member sees, by the aggregates' own folds.</summary>
    private sealed class State(Guid communityId, Guid memberId)
    {
        private readonly Dictionary<Guid, Channel> _channels = [];
        private Community? _community;
        private Member? _member;

        public void Take(RecordedEvent e)
        {
            if (e.StreamId == communityId)
                _community = Next(_community, e);
            else if (e.StreamId == Member.StreamId(communityId, memberId))
                _member = Next(_member, e);
            else if (e.Data is ChannelEvent)
                _channels[e.StreamId] = Next(_channels.GetValueOrDefault(e.StreamId), e)!;
        }

        public bool MayRead(Guid channel, long position, long checkedAt)
        {
            var needed = position <= checkedAt ? MemberPermissions.ReadHistory : Permission.ViewChannel;
            return _channels.TryGetValue(channel, out var found)
                && Permissions.Of(_member, _community!, now: default, found).HasFlag(needed);
        }

        private static T? Next<T>(T? aggregate, RecordedEvent e)
            where T : class => (T?)AggregateFold.Of<T>().Next(aggregate, e.Data!);
    }
}
