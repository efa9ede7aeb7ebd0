using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Messages;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>
/// Resumes from a position before the tail: by the index of topics as far as it goes, with the same result as without
/// it.
/// </summary>
[Collection("index")]
public class IndexedResumeTests(IndexedLog log)
{
    private static readonly RealtimeLimits Eager = new() { IndexedFromEvents = 1 };
    private static readonly RealtimeLimits Never = new() { IndexedFromEvents = int.MaxValue };

    [Fact]
    public async Task Resuming_a_quiet_topic_reads_its_own_events_however_many_others_there_were()
    {
        await using var writer = await new LiveSetting(log.Log).WithCommunityAsync();
        var after = await writer.SayAsync("first");
        var said = new List<long>();
        for (var i = 0; i < 3; i++)
        {
            for (var n = 0; n < 5; n++)
                await writer.AppendAsync(Noise(4000));
            said.Add(await writer.SayAsync($"{i}"));
        }
        await writer.AppendAsync(Noise(100));
        await log.IndexAsync();

        await using var node = await log.NodeAsync();
        await using var live = new LiveSetting(log.Log, node: node);
        await using var reader = await SubscribeAsync(writer, live, [writer.Channel], after);
        await reader.ReadToAsync(said[^1]);
        Assert.Equal(said, reader.Items.Select(i => i.Position));
        Assert.Equal(said.Count, node.Reader.EventsRead);
    }

    [Fact]
    public async Task Events_after_the_index_are_read_without_a_gap()
    {
        await using var writer = await new LiveSetting(log.Log).WithCommunityAsync();
        var after = log.Log.Log.Head;
        var said = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            if (i == 12)
                await log.IndexAsync();
            await writer.AppendAsync(Noise(30));
            said.Add(await writer.SayAsync($"{i}"));
        }

        await using var node = await log.NodeAsync();
        await using var live = new LiveSetting(
            log.Log,
            new() { IndexedFromEvents = 10, BatchItemsMax = 5 },
            node: node
        );
        await using var reader = await SubscribeAsync(writer, live, [writer.Channel], after);
        await reader.ReadToAsync(said[^1]);
        Assert.Equal(said, reader.Items.Select(i => i.Position));
        // Twelve by the index, then all later events.
        Assert.Equal(12 + 8 * 31, node.Reader.EventsRead);
    }

    [Fact]
    public async Task Leaving_in_between_ends_the_channel_at_that_position()
    {
        await using var writer = await new LiveSetting(log.Log).WithCommunityAsync();
        var after = log.Log.Log.Head;
        await writer.SayAsync("before");
        await using var node = await log.NodeAsync();
        await using var live = new LiveSetting(log.Log, Eager, node: node);
        // Authorised while still a member, who leaves before the first event is read.
        await using var reader = await SubscribeAsync(writer, live, [writer.Channel], after);
        await writer.AppendAsync(Noise(50));
        await writer.SendAsync(new LeaveCommunity(writer.Community, writer.Member));
        await writer.SendAsync(new SendMessage(Guid.CreateVersion7(), writer.General, writer.Owner, "after", null));
        await writer.AppendAsync(Noise(50));
        await log.IndexAsync();
        Assert.Equal(new LiveMessage.Closed("membership_ended"), await reader.ReadToEndAsync());
        Assert.Equal(["before"], reader.Texts);
    }

    [Fact]
    public async Task A_session_that_ended_in_between_receives_nothing_that_came_later()
    {
        await using var writer = await new LiveSetting(log.Log).WithCommunityAsync();
        var after = log.Log.Log.Head;
        await writer.SayAsync("before");
        await writer.AppendAsync(Noise(50));
        await writer.AppendAsync(new SessionEnded(Guid.CreateVersion7(), writer.Member, "signed_out"));
        await writer.SayAsync("another device signed out");
        await writer.AppendAsync(new SessionEnded(writer.Session, writer.Member, "signed_out"));
        await writer.SayAsync("too late");
        await writer.AppendAsync(Noise(50));
        await log.IndexAsync();

        await using var node = await log.NodeAsync();
        await using var live = new LiveSetting(log.Log, Eager, node: node);
        await using var reader = await SubscribeAsync(writer, live, [writer.Channel], after);
        Assert.Equal(new LiveMessage.Closed("session_ended"), await reader.ReadToEndAsync());
        Assert.Equal(["before", "another device signed out"], reader.Texts);
    }

    [Fact]
    public async Task Events_of_an_account_followed_in_between_arrive_from_the_follow_on()
    {
        await using var writer = new LiveSetting(log.Log);
        var (artist, early, late, gone) = (
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        var after = await writer.AppendAsync(Noise(1));
        await writer.AppendAsync([
            Uploaded(early, artist),
            .. Noise(20),
            new FollowStarted(writer.Member, artist),
            .. Noise(20),
            Uploaded(late, artist),
        ]);
        await writer.AppendAsync([
            .. Noise(20),
            new FollowStopped(writer.Member, artist),
            Uploaded(gone, artist),
            .. Noise(20),
            new FollowStarted(Guid.CreateVersion7(), writer.Member),
        ]);
        await log.IndexAsync();

        await using var node = await log.NodeAsync();
        await using var live = new LiveSetting(log.Log, Eager, node: node);
        await using var reader = await SubscribeAsync(writer, live, [writer.Account], after);
        await reader.ReadToAsync(node.Head);
        Assert.Equal(["followStarted", "trackUploaded", "followStopped", "followStarted"], reader.Types);
        Assert.Equal(late, LiveReader.Json(reader.Items[1]).GetProperty("data").GetProperty("trackId").GetGuid());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task By_the_index_and_without_it_every_position_resumes_to_the_same(int seed)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var writer = await new LiveSetting(log.Log).WithCommunityAsync();
        var artists = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();
        var track = Guid.CreateVersion7();
        var first = log.Log.Log.Head;
        for (var i = 0; i < 60; i++)
        {
            var artist = artists[random.Next(artists.Length)];
            if (i == 45)
                await log.IndexAsync();
            await writer.AppendAsync(
                random.Next(6) switch
                {
                    0 => [new FollowStarted(writer.Member, artist)],
                    1 => [new FollowStopped(writer.Member, artist)],
                    2 => [Uploaded(track, artist), Uploaded(Guid.CreateVersion7(), artist)],
                    3 => [new MessageDeleted(Guid.CreateVersion7(), writer.General, writer.Owner)],
                    _ => Noise(random.Next(1, 12)),
                }
            );
        }
        // The end is on a topic, so both receive it.
        await writer.SayAsync("end");

        await using var node = await log.NodeAsync();
        string[] topics = [writer.Channel, writer.Account, $"track:{track}"];
        for (var after = first; after < node.Head; after += random.Next(1, 9))
        {
            await using var indexed = new LiveSetting(
                log.Log,
                Eager with
                {
                    IndexedFromEvents = random.Next(1, 40),
                    BatchItemsMax = random.Next(1, 9),
                    BatchBytesMax = 900,
                },
                node: node
            );
            await using var scanning = new LiveSetting(log.Log, Never, node: node);
            await using var one = await (await SubscribeAsync(writer, indexed, topics, after)).ReadToAsync(node.Head);
            await using var other = await (await SubscribeAsync(writer, scanning, topics, after)).ReadToAsync(
                node.Head
            );
            Assert.Equal(other.Items.Select(i => i.Position), one.Items.Select(i => i.Position));
        }
    }

    [Fact]
    public async Task The_log_itself_is_read_whole()
    {
        await using var writer = new LiveSetting(log.Log);
        var after = log.Log.Log.Head;
        await writer.AppendAsync(Noise(40));
        await log.IndexAsync();
        await using var node = await log.NodeAsync();
        await using var live = new LiveSetting(log.Log, Eager, node: node);
        await using var reader = await live.SubscribeAsync(["log"], after, live.Analyst);
        await reader.ReadToAsync(node.Head);
        Assert.Equal(Enumerable.Range(1, 40).Select(i => after + i), reader.Items.Select(i => i.Position));
    }

    /// <summary>Subscribes the member of <paramref name="writer"/> at another engine.</summary>
    private static Task<LiveReader> SubscribeAsync(LiveSetting writer, LiveSetting at, string[] topics, long after) =>
        at.SubscribeAsync(topics, after, writer.Caller);

    private static DomainEvent[] Noise(int events) =>
        [
            .. Enumerable
                .Range(0, events)
                .Select(_ => new MessageSent(
                    Guid.CreateVersion7(),
                    Guid.CreateVersion7(),
                    Guid.CreateVersion7(),
                    "noise",
                    null
                )),
        ];

    private static TrackUploaded Uploaded(Guid track, Guid owner) =>
        new(track, owner, "a tune", null, null, 1, "00", 1000, "flac", 44_100, 2);
}
