using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Dispatching;
using Veza.Commands.Music.Listening;
using Veza.Fixtures;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests;

/// <summary>Every projection of the product, built anew after a random history, has row for row what running it live has left.</summary>
public sealed class RandomHistoryTests : IAsyncLifetime
{
    private const int Commands = 250;
    private readonly TestLog _log = new();

    public ValueTask InitializeAsync() => _log.InitializeAsync();
    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public async Task A_build_has_the_rows_that_running_live_has_left(int seed)
    {
        await PlayAsync(seed);
        await _log.ProjectedAsync();
        var live = await RowsAsync();
        foreach (var name in live.Keys) Assert.True(await _log.Projections.Builds.RequestAsync(name, TestContext.Current.CancellationToken));
        while (await _log.Projections.Builds.ListAsync(TestContext.Current.CancellationToken) is { Count: > 0 } builds)
        {
            Assert.All(builds, b => Assert.Null(b.Error));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        var built = await RowsAsync();
        foreach (var (name, rows) in live) Assert.True(rows == built[name], $"seed {seed}: {name} was\n{rows}\nand was built as\n{built[name]}");
        Assert.True(live.Values.Count(rows => rows.Length > 0) >= 12, $"seed {seed} leaves rows in {live.Values.Count(rows => rows.Length > 0)} tables only");
    }

    /// <summary>Commands drawn from a few kinds over a few things; what is refused is part of a random history, and leaves none.</summary>
    private async Task PlayAsync(int seed)
    {
        var random = new Random(seed);
        var social = new SocialSetting();
        Guid[] people = [social.Ana, social.Bo, social.Cleo, social.Dora];
        Guid[] tracks = Ids(3), messages = Ids(12), plays = Ids(10);
        var (community, channel) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _log.Given([.. social.Registered, new CreateCommunity(community, channel, social.Bo, "Vinyl diggers"), .. tracks.Select(t => social.Uploads(social.Bo, t))]).PlayAsync();
        for (var i = 0; i < Commands; i++)
        {
            _log.Now += TimeSpan.FromSeconds(random.Next(90));
            var (who, whom, track, message, play) = (Any(people), Any(people), Any(tracks), Any(messages), Any(plays));
            object command = random.Next(13) switch
            {
                0 => Follows(who, whom),
                1 => Unfollows(who, whom),
                2 => Reposts(who, track),
                3 => TakesBack(who, track),
                4 => new JoinCommunity(community, who),
                5 => new LeaveCommunity(community, who),
                6 or 7 => new SendMessage(message, channel, who, $"number {i}", null),
                8 => new EditMessage(message, who, $"number {i}, again"),
                9 => random.Next(3) == 0 ? new DeleteMessage(message, who) : new ReactToMessage(message, who, "👍"),
                10 => random.Next(2) == 0 ? new ReactToMessage(message, who, "🔥") : new RemoveReaction(message, who, "🔥"),
                11 => new StartPlay(play, track, who, Guid.CreateVersion7()),
                _ => new ReportPlay(play, who, 40_000, 40_000, Ended: random.Next(2) == 0),
            };
            CommandResult _ = await _log.Dispatcher.SendAsync((dynamic)command, new CommandContext(Guid.CreateVersion7(), null), null, CancellationToken.None);
        }

        static Guid[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];
        T Any<T>(T[] among) => among[random.Next(among.Length)];
    }

    private async Task<Dictionary<string, string>> RowsAsync()
    {
        Dictionary<string, string> rows = [];
        foreach (var projection in TestLog.AllProjections())
        {
            var view = "views." + projection.Name[..projection.Name.LastIndexOf(".v", StringComparison.Ordinal)].Replace('.', '_');
            await using var ask = _log.Log.Database.CreateCommand($"select coalesce(string_agg(r::text, E'\\n' order by r::text), '') from {view} r");
            rows.Add(projection.Name, (string)(await ask.ExecuteScalarAsync())!);
        }
        return rows;
    }
}
