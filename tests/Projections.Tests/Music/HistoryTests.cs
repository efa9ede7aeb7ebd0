using Veza.Commands.Music.Listening;
using Veza.Fixtures;
using Veza.Projections.Music.Listening;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests.Music;

public class HistoryTests(TestLog log)
{
    private readonly SocialSetting _social = new();
    private readonly Guid _track = Guid.CreateVersion7();
    private readonly HistoryQueries _history = new(log.Views);

    [Fact]
    public async Task Plays_come_newest_first_with_what_was_heard_and_whether_it_counted()
    {
        var (first, second, third) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await Happen([
            .. _social.Given(_social.Uploads(_social.Bo, _track)),
            .. Hears(_social.Ana, _track, _social.Session, first),
            .. Hears(_social.Ana, _track, _social.Session, second),
            new StartPlay(third, _track, _social.Ana, _social.Session),
        ]);
        var history = await _history.PageAsync(_social.Ana, null, 10, CancellationToken.None);
        Assert.Equal(
            [(third, 0L, false), (second, 40_000L, false), (first, 40_000L, true)],
            history.Select(h => (h.PlayId, h.HeardMs, h.Counted))
        );
        Assert.All(history, h =>
            Assert.Equal(
                (_track, "Ghost notes", new AccountName(_social.Bo, "bo"), 200_000L),
                (h.Track.Id, h.Track.Title, h.Track.Owner, h.Track.DurationMs)
            )
        );
    }

    [Fact]
    public async Task A_later_page_goes_on_where_the_first_ended()
    {
        var plays = Enumerable.Range(0, 5).Select(_ => Guid.CreateVersion7()).ToArray();
        await Happen(
            _social.Given([
                _social.Uploads(_social.Bo, _track),
                .. plays.Select(p => (object)new StartPlay(p, _track, _social.Ana, _social.Session)),
            ])
        );
        var first = await _history.PageAsync(_social.Ana, null, 3, CancellationToken.None);
        var rest = await _history.PageAsync(_social.Ana, first[^1].Position, 3, CancellationToken.None);
        Assert.Equal(plays.Reverse(), [.. first.Select(h => h.PlayId), .. rest.Select(h => h.PlayId)]);
    }

    [Fact]
    public async Task It_holds_ones_own_plays_only()
    {
        await Happen([
            .. _social.Given(_social.Uploads(_social.Bo, _track)),
            .. Hears(_social.Dora, _track, _social.Session),
        ]);
        Assert.Empty(await _history.PageAsync(_social.Ana, null, 10, CancellationToken.None));
    }

    private async Task Happen(object[] steps)
    {
        await log.Given(steps).PlayAsync();
        await log.ProjectedAsync();
    }
}
