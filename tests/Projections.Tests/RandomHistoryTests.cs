using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using Veza.Commands.Accounts;
using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Reading;
using Veza.Commands.Chat.Roles;
using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Commands.Music.Listening;
using Veza.Commands.Music.Tracks;
using Veza.Commands.Social.Comments;
using Veza.Commands.Social.Likes;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Fixtures;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests;

/// <summary>
/// For every projection of the product, a rebuild after a random history yields exactly the rows of live processing. A
/// failing history is shrunk to its shortest form and printed with its seed.
/// </summary>
public class RandomHistoryTests
{
    private const int Histories = 3;
    private const int StepsMax = 250;
    private static readonly TimeSpan ShorteningMax = TimeSpan.FromMinutes(2);

    public enum Act
    {
        Follow,
        Unfollow,
        Repost,
        TakeBack,
        Like,
        Unlike,
        Comment,
        Join,
        Leave,
        OpenChannel,
        ChangeChannel,
        MoveChannel,
        DropChannel,
        Send,
        Edit,
        Delete,
        React,
        Burn,
        Cool,
        MarkRead,
        StartPlay,
        ReportPlay,
        EndPlay,
        Process,
        Fail,
        Announce,
        GoLive,
        Stop,
        SignIn,
        SignOut,
        MakeRole,
        ChangeRole,
        MoveRole,
        DropRole,
        GiveRole,
        TakeRole,
        SetOverwrite,
        RemoveOverwrite,
    }

    /// <summary>
    /// One random command on one of a few things. A refused command is part of the history but adds no event.
    /// </summary>
    /// <param name="Who">One of four people, like <paramref name="Whom"/>.</param>
    /// <param name="Thing">One of the first twelve of its kind.</param>
    public sealed record Step(Act Act, int Who, int Whom, int Thing, int SecondsLater);

    [Fact]
    public async Task A_build_has_the_rows_that_running_live_has_left()
    {
        var steps =
            from act in Gen.Elements(Enum.GetValues<Act>())
            from who in Gen.Choose(0, 3)
            from whom in Gen.Choose(0, 3)
            from thing in Gen.Choose(0, 11)
            from seconds in Gen.Choose(0, 90)
            select new Step(act, who, whom, thing, seconds);
        var filled = 0;
        var ct = TestContext.Current.CancellationToken;
        var shortening = new Stopwatch();
        var holds = Prop.ForAll(Arb.From(Gen.ArrayOf(steps), Shorter), history =>
            filled = Math.Max(filled, CompareAsync(history, ct).GetAwaiter().GetResult())
        );
        // On a thread of its own, because FsCheck blocks it.
        await Task.Factory.StartNew(
            () =>
                Check.One(
                    Config.QuickThrowOnFailure.WithMaxTest(Histories).WithStartSize(StepsMax).WithEndSize(StepsMax),
                    holds
                ),
            TaskCreationOptions.LongRunning
        );
        Assert.True(filled >= 18, $"the histories leave rows in {filled} tables only");

        // A failing history is cut by ever smaller parts for as long as it fails; single steps would take seconds each.
        IEnumerable<Step[]> Shorter(Step[] history)
        {
            shortening.Start();
            for (
                var part = (history.Length + 1) / 2;
                part > 0 && shortening.Elapsed < ShorteningMax;
                part = part == 1 ? 0 : (part + 1) / 2
            )
            for (var from = 0; from < history.Length && shortening.Elapsed < ShorteningMax; from += part)
                yield return [.. history[..from], .. history[Math.Min(from + part, history.Length)..]];
        }
    }

    /// <returns>The number of tables with rows.</returns>
    private static async Task<int> CompareAsync(Step[] history, CancellationToken ct)
    {
        await using var log = new TestLog();
        await log.InitializeAsync();
        await PlayAsync(log, history);
        await log.ProjectedAsync();
        var live = await RowsAsync(log);
        foreach (var name in live.Keys)
            await log.Projections.Builds.RequestAsync(name, ct);
        await Eventually.TrueAsync(
            async () =>
            {
                var builds = await log.Projections.Builds.ListAsync(ct);
                Assert.All(builds, b => Assert.Null(b.Error));
                return builds.Count == 0;
            },
            what: "the builds have ended"
        );
        var built = await RowsAsync(log);
        foreach (var (name, rows) in live)
            Assert.True(rows == built[name], $"{name} was\n{rows}\nand was built as\n{built[name]}");
        return live.Values.Count(rows => rows.Length > 0);
    }

    private static async Task PlayAsync(TestLog log, Step[] history)
    {
        var social = new SocialSetting();
        Guid[] people = [social.Ana, social.Bo, social.Cleo, social.Dora];
        Guid[] tracks = Ids(3),
            messages = Ids(6),
            plays = Ids(12),
            shows = Ids(3),
            sessions = Ids(6),
            channels = Ids(2),
            roles = Ids(3);
        var community = Guid.CreateVersion7();
        await log.Given([
                .. social.Registered,
                new CreateCommunity(community, channels[0], social.Bo, "Vinyl diggers"),
                .. people.Where(p => p != social.Bo).Select(p => new JoinCommunity(community, p)),
                .. tracks.Select(t => social.Uploads(social.Bo, t)),
            ])
            .PlayAsync();
        foreach (var (act, step) in history.Select((act, i) => (act, i)))
        {
            log.Now += TimeSpan.FromSeconds(act.SecondsLater);
            CommandResult _ = await log.CommandBus.SendAsync(
                (dynamic)Command(act, step),
                new CommandContext(Guid.CreateVersion7(), null),
                null,
                CancellationToken.None
            );
        }

        object Command(Step step, int number)
        {
            var (who, whom) = (people[step.Who], people[step.Whom]);
            var (track, message, play, show, session, channel, role) = (
                One(tracks),
                One(messages),
                One(plays),
                One(shows),
                One(sessions),
                One(channels),
                One(roles)
            );
            return step.Act switch
            {
                Act.Follow => Follows(who, whom),
                Act.Unfollow => Unfollows(who, whom),
                Act.Repost => Reposts(who, track),
                Act.TakeBack => TakesBack(who, track),
                Act.Like => new LikeTrack(track, who),
                Act.Unlike => new UnlikeTrack(track, who),
                Act.Comment => new CommentOnTrack(Guid.CreateVersion7(), track, who, "this drop!", 61_000),
                Act.Join => new JoinCommunity(community, who),
                Act.Leave => new LeaveCommunity(community, who),
                Act.OpenChannel => new CreateChannel(
                    channels[1],
                    community,
                    social.Bo,
                    "second",
                    ChannelKind.Text,
                    null,
                    0,
                    Private: number % 2 == 0
                ),
                Act.ChangeChannel => new ChangeChannel(
                    channel,
                    social.Bo,
                    $"renamed {number}",
                    "new",
                    0,
                    step.Who == 0
                ),
                Act.MoveChannel => new MoveChannel(channel, social.Bo, null, step.Who == 0 ? null : channels[0]),
                Act.DropChannel => new DeleteChannel(channels[1], social.Bo),
                Act.Send => new SendMessage(message, channel, who, $"number {number}", null),
                Act.Edit => new EditMessage(message, who, $"number {number}, again"),
                Act.Delete => new DeleteMessage(message, who),
                Act.MakeRole => new CreateRole(
                    community,
                    role,
                    social.Bo,
                    "crew",
                    number,
                    Permission.None,
                    true,
                    false
                ),
                Act.ChangeRole => new ChangeRole(
                    community,
                    role,
                    social.Bo,
                    $"crew {number}",
                    number,
                    Permission.ManageMessages,
                    false,
                    true
                ),
                Act.MoveRole => new MoveRole(community, role, social.Bo, roles[step.Whom % roles.Length]),
                Act.DropRole => new DeleteRole(community, role, social.Bo),
                Act.GiveRole => new GiveRole(community, who, role, social.Bo),
                Act.TakeRole => new TakeRole(community, who, role, social.Bo),
                Act.SetOverwrite => new SetOverwrite(
                    channel,
                    social.Bo,
                    OverwriteTarget.Role,
                    step.Who == 0 ? community : role,
                    Permission.ManageMessages,
                    Permission.MentionEveryone
                ),
                Act.RemoveOverwrite => new RemoveOverwrite(channel, social.Bo, role),
                Act.React => new ReactToMessage(message, who, "👍"),
                Act.Burn => new ReactToMessage(message, who, "🔥"),
                Act.Cool => new RemoveReaction(message, who, "🔥"),
                Act.MarkRead => new MarkChannelRead(channel, who, number),
                Act.StartPlay => new StartPlay(play, track, who, session),
                Act.ReportPlay => new ReportPlay(play, who, 40_000, 40_000, Ended: false),
                Act.EndPlay => new ReportPlay(play, who, 80_000, 80_000, Ended: true),
                Act.Process => new CompleteTrackProcessing(track, [new("opus", 128, 2_880_000)]),
                Act.Fail => new FailTrackProcessing(track, "not audio after all"),
                Act.Announce => new CreateBroadcast(show, who, "Late show"),
                Act.GoLive => new ConnectSource(show, "audio/mpeg"),
                Act.Stop => new StopBroadcast(show, who),
                Act.SignIn => new StartSession(session, who, "1", "phone"),
                Act.SignOut => new EndSession(session, Session.SignedOut),
                _ => throw new ArgumentOutOfRangeException(nameof(step), step.Act, null),
            };

            Guid One(Guid[] among) => among[step.Thing % among.Length];
        }

        static Guid[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];
    }

    private static async Task<Dictionary<string, string>> RowsAsync(TestLog log)
    {
        Dictionary<string, string> rows = [];
        foreach (var projection in TestLog.AllProjections())
        {
            var view =
                "views."
                + projection.Name[..projection.Name.LastIndexOf(".v", StringComparison.Ordinal)].Replace('.', '_');
            await using var ask = log.Log.Database.CreateCommand(
                $"select coalesce(string_agg(r::text, E'\\n' order by r::text), '') from {view} r"
            );
            rows.Add(projection.Name, (string)(await ask.ExecuteScalarAsync())!);
        }
        return rows;
    }
}
