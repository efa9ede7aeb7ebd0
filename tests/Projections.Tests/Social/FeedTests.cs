using Veza.Commands.Live.Broadcasts;
using Veza.Commands.Music.Tracks;
using Veza.Domain.Social.Likes;
using Veza.Fixtures;
using Veza.Projections.Social.Feed;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests.Social;

public class FeedTests(TestLog log)
{
    private readonly SocialSetting _social = new();
    private readonly Guid _track = Guid.CreateVersion7();
    private readonly FeedQueries _feed = new(log.Views);

    [Fact]
    public async Task Uploads_reposts_and_broadcasts_of_those_one_follows_come_newest_first()
    {
        var (other, show) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var feed = await FeedOf(
            _social.Ana,
            _social.Given(
                _social.Uploads(_social.Bo, _track),
                _social.Uploads(_social.Dora, other, "Nightbus", 90_000),
                Reposts(_social.Cleo, other),
                Announces(_social.Bo, show, "Late show"),
                Starts(_social.Bo, show)
            )
        );
        Assert.Equal([ActivityKind.Broadcast, ActivityKind.Repost, ActivityKind.Upload], feed.Select(e => e.Kind));

        Assert.Equal((new AccountName(_social.Bo, "bo"), "You follow bo"), (feed[0].Actor, feed[0].Reason));
        Assert.Equal((show, "Late show"), (feed[0].Broadcast!.Id, feed[0].Broadcast!.Title));
        Assert.Null(feed[0].Track);

        Assert.Equal((new AccountName(_social.Cleo, "cleo"), "You follow cleo"), (feed[1].Actor, feed[1].Reason));
        Assert.Equal(
            (other, "Nightbus", new AccountName(_social.Dora, "dora"), 90_000L),
            (feed[1].Track!.Id, feed[1].Track!.Title, feed[1].Track!.Owner, feed[1].Track!.DurationMs)
        );
        Assert.Null(feed[1].Broadcast);

        Assert.Equal((_track, new AccountName(_social.Bo, "bo")), (feed[2].Track!.Id, feed[2].Actor));
    }

    [Fact]
    public async Task Activities_of_strangers_and_of_the_caller_are_not_in_it() =>
        Assert.Empty(
            await FeedOf(
                _social.Ana,
                _social.Given(
                    _social.Uploads(_social.Dora, _track),
                    Reposts(_social.Ana, _track),
                    _social.Uploads(_social.Ana, Guid.CreateVersion7())
                )
            )
        );

    [Fact]
    public async Task A_repost_taken_back_disappears() =>
        Assert.Empty(
            await FeedOf(
                _social.Ana,
                _social.Given(
                    _social.Uploads(_social.Dora, _track),
                    Reposts(_social.Bo, _track),
                    TakesBack(_social.Bo, _track)
                )
            )
        );

    [Fact]
    public async Task A_repost_made_again_is_new()
    {
        var newer = Guid.CreateVersion7();
        var feed = await FeedOf(
            _social.Ana,
            _social.Given(
                _social.Uploads(_social.Dora, _track),
                Reposts(_social.Bo, _track),
                _social.Uploads(_social.Cleo, newer),
                TakesBack(_social.Bo, _track),
                Reposts(_social.Bo, _track)
            )
        );
        Assert.Equal([_track, newer], feed.Select(e => e.Track!.Id));
    }

    [Fact]
    public async Task A_broadcast_shows_once_it_has_started() =>
        Assert.Empty(await FeedOf(_social.Ana, _social.Given(Announces(_social.Bo, Guid.CreateVersion7(), "Soon"))));

    [Fact]
    public async Task A_broadcast_that_is_over_and_an_upload_that_failed_disappear()
    {
        var show = Guid.CreateVersion7();
        object[] shown =
        [
            Announces(_social.Bo, show, "Late show"),
            Starts(_social.Bo, show),
            _social.Uploads(_social.Cleo, _track),
        ];
        Assert.Equal(2, (await FeedOf(_social.Ana, _social.Given(shown))).Count);
        Assert.Empty(
            await FeedOf(
                _social.Ana,
                new StopBroadcast(show, _social.Bo),
                new FailTrackProcessing(_track, "not audio after all")
            )
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Reposts_of_a_track_that_failed_disappear_and_leave_no_page_short(int limit)
    {
        var tracks = Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7()).ToArray();
        await log.Given(
                _social.Given([
                    .. tracks.Select(t => (object)_social.Uploads(_social.Bo, t)),
                    _social.Uploads(_social.Dora, _track),
                    Reposts(_social.Bo, _track),
                    Reposts(_social.Cleo, _track),
                ])
            )
            .PlayAsync();
        await log.ProjectedAsync();
        Assert.All((await _feed.PageAsync(_social.Ana, null, 2, CancellationToken.None)).Select(e => e.Track!.Id), t =>
            Assert.Equal(_track, t)
        );
        await log.Given(new FailTrackProcessing(_track, "not audio after all")).PlayAsync();
        await log.ProjectedAsync();
        Assert.Equal(
            tracks.Reverse().Take(limit),
            (await _feed.PageAsync(_social.Ana, null, limit, CancellationToken.None)).Select(e => e.Track!.Id)
        );
        Assert.Equal(4, (await _feed.PageAsync(_social.Ana, null, 50, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task An_activity_behind_a_thousand_of_strangers_is_found()
    {
        var older = Guid.CreateVersion7();
        await log.Given(_social.Given(_social.Uploads(_social.Bo, older), _social.Uploads(_social.Cleo, _track)))
            .PlayAsync();
        for (var i = 0; i < 3; i++)
            await log.AppendAsync(
                Happened.To<TrackRepost>(
                    Guid.CreateVersion7(),
                    [
                        .. Enumerable
                            .Range(0, 500)
                            .Select(_ => new TrackReposted(Guid.CreateVersion7(), _social.Bo, _social.Dora)),
                    ]
                )
            );
        var newest = Guid.CreateVersion7();
        Assert.Equal(
            [newest, _track, older],
            (await FeedOf(_social.Ana, _social.Uploads(_social.Bo, newest))).Select(e => e.Track!.Id)
        );
        Assert.Equal(
            [newest, _track],
            (await _feed.PageAsync(_social.Ana, null, 2, CancellationToken.None)).Select(e => e.Track!.Id)
        );
    }

    [Fact]
    public async Task Following_brings_the_past_and_unfollowing_takes_it_away()
    {
        var steps = (object[])[.. _social.Registered, _social.Uploads(_social.Bo, _track)];
        Assert.Single(await FeedOf(_social.Ana, [.. steps, Follows(_social.Ana, _social.Bo)]));
        Assert.Empty(await FeedOf(_social.Ana, Unfollows(_social.Ana, _social.Bo)));
    }

    [Fact]
    public async Task Its_pages_join_without_gap_or_repeat_although_accounts_differ_in_activity()
    {
        var tracks = Enumerable.Range(0, 23).Select(_ => Guid.CreateVersion7()).ToArray();
        // Bo has more activities than a page holds, and Cleo has some in between.
        await log.Given(
                _social.Given([
                    .. tracks.Select((t, i) => (object)_social.Uploads(i % 7 == 3 ? _social.Cleo : _social.Bo, t)),
                ])
            )
            .PlayAsync();
        await log.ProjectedAsync();
        var read = new List<Guid>();
        long? before = null;
        while (await _feed.PageAsync(_social.Ana, before, 5, CancellationToken.None) is { Count: > 0 } page)
        {
            read.AddRange(page.Select(e => e.Track!.Id));
            before = page[^1].Position;
        }
        Assert.Equal(tracks.Reverse(), read);
    }

    private async Task<List<FeedEntryView>> FeedOf(Guid reader, params object[] steps)
    {
        await log.Given(steps).PlayAsync();
        await log.ProjectedAsync();
        return await _feed.PageAsync(reader, null, 50, CancellationToken.None);
    }
}
