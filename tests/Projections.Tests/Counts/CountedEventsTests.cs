using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Social.Comments;
using Veza.Commands.Social.Likes;
using Veza.Fixtures;
using Veza.Projections.Accounts;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Counts;
using Veza.Projections.Music.Charts;
using Veza.Projections.Music.Tracks;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests.Counts;

public class CountedEventsTests(TestLog log)
{
    private readonly SocialSetting _social = new();
    private readonly CountQueries _counts = new(log.Views, log.Log);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_events_behind_a_count_always_add_up_to_it(int seed)
    {
        var random = new Random(seed);
        var people = new[] { _social.Ana, _social.Bo, _social.Cleo, _social.Dora };
        var (community, general, message) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var tracks = new[] { Guid.CreateVersion7(), Guid.CreateVersion7() };
        var members = new HashSet<Guid> { _social.Bo };
        object[] steps =
        [
            .. _social.Registered,
            .. tracks.Select(t => _social.Uploads(_social.Bo, t)),
            new CreateCommunity(community, general, _social.Bo, "Vinyl diggers"),
            new SendMessage(message, general, _social.Bo, "hello", null),
            .. Enumerable.Range(0, 120).SelectMany(_ => Step()),
        ];
        await log.Given(steps).PlayAsync();
        await log.ProjectedAsync();

        foreach (var id in tracks)
        {
            var track = (await new TrackQueries(log.Views).FindAsync(id, CancellationToken.None))!;
            Assert.Equal(
                (track.Plays, track.Likes, track.Reposts, track.Comments),
                (
                    await Sum(id, CountedNumber.Plays),
                    await Sum(id, CountedNumber.Likes),
                    await Sum(id, CountedNumber.Reposts),
                    await Sum(id, CountedNumber.Comments)
                )
            );
        }
        foreach (var id in people)
        {
            var account = (await new AccountQueries(log.Views).FindAsync(id, CancellationToken.None))!;
            Assert.Equal(
                (account.Followers, account.Following, account.Tracks),
                (
                    await Sum(id, CountedNumber.Followers),
                    await Sum(id, CountedNumber.Following),
                    await Sum(id, CountedNumber.Tracks)
                )
            );
        }
        Assert.Equal(
            (await new ChatQueries(log.Views).CommunityAsync(community, CancellationToken.None))!.MemberCount,
            await Sum(community, CountedNumber.Members)
        );
        var shown = (
            await new MessageQueries(log.Views).FindAsync(message, _social.Bo, CancellationToken.None)
        )!.Reactions.ToDictionary(r => r.Emoji, r => r.Count);
        foreach (var emoji in Emoji)
            Assert.Equal(shown.GetValueOrDefault(emoji), await Sum(message, CountedNumber.Reactions, emoji));

        object[] Step()
        {
            var (who, other, track) = (people[random.Next(4)], people[random.Next(4)], tracks[random.Next(2)]);
            switch (random.Next(11))
            {
                case 0:
                    return [new LikeTrack(track, who)];
                case 1:
                    return [new UnlikeTrack(track, who)];
                case 2:
                    return [Reposts(who, track)];
                case 3:
                    return [TakesBack(who, track)];
                case 4:
                    return [new CommentOnTrack(Guid.CreateVersion7(), track, who, "this drop", 1_000)];
                case 5:
                    return who == other ? [] : [Follows(who, other)];
                case 6:
                    return who == other ? [] : [Unfollows(who, other)];
                case 7:
                    return Hears(
                        who,
                        track,
                        random.Next(2) == 0 ? _social.Session : Guid.CreateVersion7(),
                        seconds: random.Next(2) == 0 ? 10 : 40
                    );
                case 8:
                    return members.Contains(who) ? [new ReactToMessage(message, who, Emoji[random.Next(2)])] : [];
                case 9:
                    return members.Contains(who) ? [new RemoveReaction(message, who, Emoji[random.Next(2)])] : [];
                default:
                    if (members.Add(who))
                        return [new JoinCommunity(community, who)];
                    if (who == _social.Bo)
                        return [];
                    members.Remove(who);
                    return [new LeaveCommunity(community, who)];
            }
        }
    }

    private static readonly string[] Emoji = ["🔥", "👍"];

    [Fact]
    public async Task Each_event_says_what_it_was_and_who_did_it()
    {
        var track = await Given(t =>
            [Reposts(_social.Ana, t), TakesBack(_social.Ana, t), Follows(_social.Dora, _social.Bo)]
        );
        var reposts = await Read(track, CountedNumber.Reposts, _social.Cleo);
        Assert.Equal(
            [("track_reposted", 1, _social.Ana), ("track_repost_removed", -1, _social.Ana)],
            reposts.Select(e => (e.Type, e.Change, e.AccountId!.Value))
        );
        Assert.Equal(
            _social.Dora,
            Assert.Single(await Read(_social.Bo, CountedNumber.Followers, _social.Cleo)).AccountId
        );
        Assert.Equal(
            _social.Bo,
            Assert.Single(await Read(_social.Dora, CountedNumber.Following, _social.Cleo)).AccountId
        );
    }

    [Fact]
    public async Task Only_the_owner_and_the_listener_see_who_played_a_track()
    {
        var track = await Given(t =>
            [.. Hears(_social.Ana, t, _social.Session), .. Hears(_social.Cleo, t, Guid.CreateVersion7())]
        );
        Assert.Equal(
            [_social.Ana, _social.Cleo],
            (await Read(track, CountedNumber.Plays, _social.Bo)).Select(e => e.AccountId)
        );
        Assert.Equal(
            [_social.Ana, null],
            (await Read(track, CountedNumber.Plays, _social.Ana)).Select(e => e.AccountId)
        );
        Assert.Equal([null, null], (await Read(track, CountedNumber.Plays, _social.Dora)).Select(e => e.AccountId));
    }

    [Fact]
    public async Task The_plays_of_a_chart_are_listed_by_its_span()
    {
        var track = await Given(t =>
            [.. Hears(_social.Ana, t, _social.Session), .. Hears(_social.Cleo, t, Guid.CreateVersion7())]
        );
        var now = TimeProvider.System.GetUtcNow();
        var entry = Assert.Single(
            await new ChartQueries(log.Views).ListAsync(
                Chart.Top,
                ChartSpan.Day,
                _social.Genre,
                now,
                10,
                CancellationToken.None
            )
        );
        var (since, until) = (ChartQueries.Since(ChartSpan.Day, now), HourlyPlaysProjection.HourOf(now).AddHours(1));
        Assert.Equal(
            entry.Plays,
            (
                await _counts.PageAsync(
                    track,
                    CountedNumber.Plays,
                    "",
                    0,
                    since,
                    until,
                    10,
                    _social.Dora,
                    CancellationToken.None
                )
            ).Count
        );
        Assert.Empty(
            await _counts.PageAsync(
                track,
                CountedNumber.Plays,
                "",
                0,
                null,
                since,
                10,
                _social.Dora,
                CancellationToken.None
            )
        );
        Assert.Empty(
            await _counts.PageAsync(
                track,
                CountedNumber.Plays,
                "",
                0,
                until,
                null,
                10,
                _social.Dora,
                CancellationToken.None
            )
        );
    }

    private async Task<Guid> Given(Func<Guid, object[]> more)
    {
        var track = Guid.CreateVersion7();
        await log.Given([.. _social.Registered, _social.Uploads(_social.Bo, track), .. more(track)]).PlayAsync();
        await log.ProjectedAsync();
        return track;
    }

    private Task<List<CountedEventView>> Read(Guid subject, CountedNumber number, Guid reader) =>
        _counts.PageAsync(subject, number, "", 0, null, null, 100, reader, CancellationToken.None);

    /// <summary>In pages of a few, as a client reads them.</summary>
    private async Task<int> Sum(Guid subject, CountedNumber number, string emoji = "")
    {
        var (sum, after) = (0, 0L);
        while (
            await _counts.PageAsync(subject, number, emoji, after, null, null, 3, _social.Ana, CancellationToken.None)
                is { Count: > 0 } page
        )
        {
            Assert.All(page, e => Assert.True(e.Position > after));
            (sum, after) = (sum + page.Sum(e => e.Change), page[^1].Position);
        }
        return sum;
    }
}
