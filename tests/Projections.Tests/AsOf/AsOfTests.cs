using System.Text.Json;
using Npgsql;
using Veza.Commands.Chat.Communities;
using Veza.Commands.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Music.Charts;

namespace Veza.Projections.Tests.AsOf;

/// <summary>A query as of a position gives the answer it gave when the log's head was there.</summary>
public class AsOfTests(PastLog log) : IClassFixture<PastLog>
{
    private const int Steps = 120;

    [Theory]
    [InlineData(1)]
    [InlineData(20_261)]
    [InlineData(777_777)]
    public async Task The_past_is_answered_as_the_present_was(int seed)
    {
        var answers =
            new List<(
                long Position,
                DateTimeOffset At,
                string What,
                Func<ReadModels, Task<object?>> Ask,
                string Answer
            )>();
        var streams = new MessageStreams(log.Log.Log, log.Log.Marten);
        var history = new RandomHistory(seed, streams);
        var edits = new List<(long Position, Guid Message, string Answer)>();
        foreach (var step in history.Beginning())
            await HappenAsync(step);
        for (var i = 0; i < Steps; i++)
        {
            await HappenAsync(history.Next());
            await log.ProjectedAsync();
            var (head, now) = (log.Log.Log.Head, TimeProvider.System.GetUtcNow());
            foreach (var (what, ask) in history.Questions(now))
                answers.Add((head, now, what, ask, await Json(ask(log.Log.Views))));
            var message = history.Sent[i % history.Sent.Count];
            edits.Add((head, message, await Json(EditsAsync(message, long.MaxValue))));
        }

        var asked = new Random(seed)
            .GetItems([.. answers], 400)
            .Concat(answers.DistinctBy(t => (t.What, t.Position % 10)))
            .ToList();
        var different = new List<string>();
        foreach (var (position, at, what, ask, answer) in asked)
        {
            var past = await Json(ask(new PointInTime(log.Log.Log, position, at).Views));
            if (past != answer)
                different.Add($"{what} as of {position} (seed {seed}):\n  was {answer}\n  is  {past}");
        }
        foreach (var (position, message, answer) in edits)
            if (await Json(EditsAsync(message, position)) is var past && past != answer)
                different.Add($"edits as of {position} (seed {seed}):\n  was {answer}\n  is  {past}");
        Assert.True(
            different.Count == 0,
            $"{different.Count} of {asked.Count} answers differ, such as {string.Join('\n', different.Take(3))}"
        );
        Assert.Contains(edits, e => e.Answer.Contains("edited", StringComparison.Ordinal));
        // Most queries have answers that are neither empty nor constant.
        Assert.True(asked.Count(a => a.Answer is not ("null" or "[]")) > asked.Count / 2);

        async Task<object?> EditsAsync(Guid message, long upTo) =>
            await streams.TextsAsync(message, upTo, CancellationToken.None);
    }

    [Fact]
    public async Task A_chart_of_the_past_has_the_hours_as_they_stood_then()
    {
        // In its own log, whose times the test sets: any two events are seven minutes apart.
        var other = new PastLog();
        await other.InitializeAsync();
        try
        {
            var social = new SocialSetting();
            Guid[] tracks = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
            var random = new Random(4);
            await other
                .Log.Given([
                    .. social.Registered,
                    .. tracks.Select(t => social.Uploads(social.Bo, t)),
                    .. Enumerable
                        .Range(0, 25)
                        .SelectMany(_ =>
                            SocialSetting.Hears(social.Ana, tracks[random.Next(3)], Guid.CreateVersion7())
                        ),
                ])
                .PlayAsync();
            await other.ProjectedAsync();
            await ExecuteAsync(
                other,
                "update log.mt_events set timestamp = date_trunc('hour', now()) - (200 - seq_id) * interval '7 minutes'"
            );

            var answers = new List<(long Position, Chart Chart, DateTimeOffset At, string Answer)>();
            var events = await other.Log.Log.Reader.ReadAsync(
                0,
                long.MaxValue,
                1000,
                null,
                null,
                CancellationToken.None
            );
            foreach (var e in events)
            {
                await LiveHoursAsync(other, events.TakeWhile(o => o.Position <= e.Position));
                if (e.Position < 10)
                    continue;
                foreach (var chart in Enum.GetValues<Chart>())
                    answers.Add((e.Position, chart, e.At, await AskAsync(other.Log.Views, chart, e.At)));
            }
            Assert.True(answers.Select(t => t.Answer).Distinct().Count() > 20);
            foreach (var (position, chart, at, answer) in answers)
                Assert.Equal(answer, await AskAsync(new PointInTime(other.Log.Log, position, at).Views, chart, at));
        }
        finally
        {
            await other.DisposeAsync();
        }

        static Task<string> AskAsync(ReadModels views, Chart chart, DateTimeOffset at) =>
            Json(new ChartQueries(views).ListAsync(chart, ChartSpan.Hour, null, at, 3, CancellationToken.None));
    }

    [Fact]
    public async Task A_query_that_does_not_say_where_its_rows_come_from_has_no_past()
    {
        var social = new SocialSetting();
        await HappenAsync(social.Registered);
        await log.ProjectedAsync();
        var head = log.Log.Log.Head;
        var views = new PointInTime(log.Log.Log, head, default).Views;
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new AccountQueries(views).FindOwnAsync(social.Ana, CancellationToken.None)
        );
        Assert.Contains($"views.accounts_roles was not folded as of {head}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_events_than_one_request_may_fold_are_refused_with_the_limit()
    {
        var (owner, community) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await HappenAsync([
            new CreateCommunity(community, Guid.CreateVersion7(), owner, "Crowd"),
            .. Enumerable.Range(0, 3).Select(_ => new JoinCommunity(community, Guid.CreateVersion7())),
        ]);
        await log.ProjectedAsync();
        var head = log.Log.Log.Head;
        // The events of the community, its channel, the channel's place, its owner's joining and that of three members.
        Assert.Equal(
            4,
            (
                await new ChatQueries(new PointInTime(log.Log.Log, head, default, eventsMax: 7).Views).CommunityAsync(
                    community,
                    CancellationToken.None
                )
            )!.MemberCount
        );
        var refused = await Assert.ThrowsAsync<PointInTimeTooLongException>(() =>
            new ChatQueries(new PointInTime(log.Log.Log, head, default, eventsMax: 6).Views).CommunityAsync(
                community,
                CancellationToken.None
            )
        );
        Assert.Contains($"asOf is {head}; this rests on more than 6 events", refused.Message, StringComparison.Ordinal);
    }

    private async Task HappenAsync(object[] steps)
    {
        foreach (var step in steps)
        {
            if (step is TimeSpan passed)
                log.Log.Now += passed;
            else if (step is Happened happened)
                await log.Log.AppendAsync(happened);
            else
                await log.TryAsync(step);
        }
    }

    /// <summary>The table as live processing of these events would have left it.</summary>
    private static async Task LiveHoursAsync(PastLog log, IEnumerable<RecordedEvent> events)
    {
        var hours = new HourlyPlaysProjection();
        await using var connection = await log.Log.Log.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var empty = new NpgsqlCommand("delete from views.music_plays_hourly_v2", connection, transaction))
            await empty.ExecuteNonQueryAsync();
        var rows = hours.Open("views.music_plays_hourly_v2", RowsUse.Live);
        await rows.FoldAsync(
            connection,
            [.. events.Where(e => hours.Events.Contains(e.Data!.GetType()))],
            CancellationToken.None
        );
        await rows.WriteAsync(connection, transaction, CancellationToken.None);
        await transaction.CommitAsync();
    }

    private static async Task ExecuteAsync(PastLog log, string sql)
    {
        await using var command = log.Log.Log.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> Json<T>(Task<T> answer) => JsonSerializer.Serialize<object?>(await answer);
}
