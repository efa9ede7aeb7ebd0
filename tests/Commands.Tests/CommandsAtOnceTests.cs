using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Commands.Music.Tracks;
using Veza.Commands.Tests.Accounts;
using Veza.Commands.Tests.Music;
using Veza.Commands.Tests.Music.Listening;
using Veza.Domain.Live.Broadcasts;
using Veza.Domain.Music.Listening;
using Veza.Fixtures;

namespace Veza.Commands.Tests;

/// <summary>
/// Concurrent commands on one stream are decided one after the other, each on the result of the one before.
/// </summary>
[Collection<OverPostgres>]
public class CommandsAtOnceTests(TestLog log)
{
    [Fact]
    public async Task Of_two_refreshes_at_once_with_one_token_one_is_refused()
    {
        var ada = new AccountSetting(log);
        await ada.GivenAsync(ada.Registered, ada.Started);

        var both = await SendAsync(2, i => new RefreshSession(ada.Session, "token 1", $"token {i + 2}"));

        Assert.Single(both.OfType<CommandResult.Done>());
        var refused = Assert.Single(both.OfType<CommandResult.Refused>());
        Assert.Equal(AccountRefusals.RefreshTokenReused, refused.Refusal);
    }

    [Fact]
    public async Task Broadcasts_opened_at_once_are_counted_one_by_one()
    {
        var owner = Guid.CreateVersion7();

        var results = await SendAsync(4 * Broadcast.OpenMax, _ => new CreateBroadcast(
            Guid.CreateVersion7(),
            owner,
            "Later show"
        ));

        Assert.Equal(Broadcast.OpenMax, results.Count(r => r is CommandResult.Done));
    }

    [Fact]
    public async Task Uploads_beside_each_other_do_not_pass_the_quota_together()
    {
        var upload = new TrackSetting().Uploaded;
        var max = 5 * (upload.Bytes + 7_200_000);

        var results = await SendAsync(15, _ => upload with { TrackId = Guid.CreateVersion7(), StorageBytesMax = max });

        Assert.Equal(5, results.Count(r => r is CommandResult.Done));
        Assert.All(results.OfType<CommandResult.Refused>(), r => Assert.Equal("quota_exceeded", r.Refusal.Code));
    }

    [Fact]
    public async Task Two_plays_at_once_count_once()
    {
        var music = new ListeningSetting();
        var other = Guid.CreateVersion7();
        var later = log.Given(music.Uploaded, music.Started, music.Start(other), ListeningSetting.Seconds(40));
        await later.PlayAsync();

        var reports = new[] { music.Play, other }.Select(play => later.SendAsync(music.Report(40_000, play: play)));

        Assert.Single(await Task.WhenAll(reports), r => r.GetProperty("counted").GetBoolean());
        var listen = CountedListen.StreamId(music.Listener, music.Track, music.Session);
        Assert.Single(await log.Log.Reader.ReadStreamAsync(listen, 0, CancellationToken.None).ToListAsync());
    }

    private Task<CommandResult[]> SendAsync<TCommand>(int count, Func<int, TCommand> command)
        where TCommand : notnull =>
        Task.WhenAll(
            Enumerable
                .Range(0, count)
                .Select(i =>
                    log.CommandBus.SendAsync(command(i), new(Guid.CreateVersion7(), null), null, CancellationToken.None)
                )
        );
}
