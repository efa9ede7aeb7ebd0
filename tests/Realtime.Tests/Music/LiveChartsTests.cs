using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Appending;
using Veza.Fixtures;
using Veza.Projections.Music.Charts;
using Veza.Realtime.Engine;
using Veza.Realtime.Music.Charts;

namespace Veza.Realtime.Tests.Music;

public class LiveChartsTests(TestLog log)
{
    private readonly HeldTime _clock = new();
    private readonly string _genre = $"dub {Guid.CreateVersion7():N}";
    private readonly Guid _track = Guid.CreateVersion7();
    private static readonly Guid Account = Guid.CreateVersion7();
    private int _reads;

    [Fact]
    public async Task A_follower_gets_the_chart_as_it_is_and_then_at_most_once_a_second_as_it_has_become()
    {
        var charts = Charts();
        await UploadAsync();
        await PlayAsync();
        using var follower = charts.Follow(Chart, Account, out _)!;
        await using var received = follower
            .ReadAsync(await SignedInAsync(), TestContext.Current.CancellationToken)
            .GetAsyncEnumerator();
        Assert.Equal(1, Plays(await NextAsync(received)));

        // The board waits for the second to pass; plays in between cannot send anything.
        var second = await _clock.HeldAsync(ChartBoard.ReadEvery);
        var next = NextAsync(received);
        await PlayAsync();
        await PlayAsync();
        await PlayAsync();
        await log.ProjectedAsync();
        Assert.False(next.IsCompleted);
        Assert.Equal(1, Volatile.Read(ref _reads));

        // Other tests append to the same log, so its head may lie beyond this test's events.
        var played = log.Log.Head;
        second.Ring();
        var changed = await next;
        Assert.Equal(4, Plays(changed));
        Assert.True(changed.Position >= played);
        Assert.Equal(2, Volatile.Read(ref _reads));
    }

    [Fact]
    public async Task However_many_follow_it_a_chart_is_read_once_and_not_at_all_when_the_last_has_left()
    {
        var charts = Charts();
        await UploadAsync();
        await PlayAsync();
        var followers = Enumerable.Range(0, 5).Select(i => charts.Follow(Chart, Account, out var _)!).ToList();
        var received = new List<LiveMessage.ChartChanged>();
        foreach (var follower in followers)
        {
            await using var messages = follower
                .ReadAsync(await SignedInAsync(), TestContext.Current.CancellationToken)
                .GetAsyncEnumerator();
            received.Add(await NextAsync(messages));
        }
        Assert.All(received, one => Assert.Same(received[0].Chart, one.Chart));
        Assert.Equal((1, 1), (Volatile.Read(ref _reads), charts.Followed));
        followers.ForEach(f => f.Dispose());
        Assert.Equal(0, charts.Followed);
    }

    [Fact]
    public async Task A_play_that_leaves_the_chart_unchanged_sends_no_message()
    {
        var charts = Charts();
        await UploadAsync();
        await PlayAsync();
        using var follower = charts.Follow(Chart, Account, out _)!;
        await using var received = follower
            .ReadAsync(await SignedInAsync(), TestContext.Current.CancellationToken)
            .GetAsyncEnumerator();
        await NextAsync(received);
        var next = NextAsync(received);
        var second = await _clock.HeldAsync(ChartBoard.ReadEvery);
        // Of another genre: the chart is read again, with the same result.
        await PlayAsync($"not {_genre}", Guid.CreateVersion7());
        second.Ring();
        second = await _clock.HeldAsync(ChartBoard.ReadEvery);
        Assert.Equal(2, Volatile.Read(ref _reads));
        Assert.False(next.IsCompleted);
        await PlayAsync();
        second.Ring();
        Assert.Equal(2, Plays(await next));
    }

    [Fact]
    public async Task A_stopping_server_says_so()
    {
        var charts = Charts();
        using var follower = charts.Follow(Chart, Account, out _)!;
        await using var received = follower
            .ReadAsync(await SignedInAsync(), TestContext.Current.CancellationToken)
            .GetAsyncEnumerator();
        await NextAsync(received);
        charts.Stop();
        Assert.True(await received.MoveNextAsync());
        Assert.Equal(new LiveMessage.Closed("server_stopping"), received.Current);
        Assert.False(await received.MoveNextAsync());
    }

    [Fact]
    public async Task A_session_that_ends_ends_its_own_subscriptions_and_no_others()
    {
        var charts = Charts();
        var session = Guid.CreateVersion7();
        using var ending = charts.Follow(Chart, Account, out _)!;
        using var staying = charts.Follow(Chart, Account, out _)!;
        using var open = await SignedInAsync(session);
        await using var received = ending.ReadAsync(open, TestContext.Current.CancellationToken).GetAsyncEnumerator();
        await using var others = staying
            .ReadAsync(await SignedInAsync(), TestContext.Current.CancellationToken)
            .GetAsyncEnumerator();
        await NextAsync(received);
        await NextAsync(others);
        var last = received.MoveNextAsync();
        var next = others.MoveNextAsync();
        await AppendAsync(session, new SessionEnded(session, Guid.CreateVersion7(), Session.SignedOut));
        Assert.True(await last);
        Assert.Equal(new LiveMessage.Closed("session_ended"), received.Current);
        Assert.False(await received.MoveNextAsync());
        charts.Stop();
        Assert.True(await next);
        Assert.Equal(new LiveMessage.Closed("server_stopping"), others.Current);
    }

    [Fact]
    public void Only_so_many_different_charts_are_followed()
    {
        var charts = Charts();
        var followers = Enumerable
            .Range(0, LiveCharts.ChartsMax)
            .Select(i => charts.Follow(Chart with { Genre = $"{i}" }, Guid.CreateVersion7(), out var _)!)
            .ToList();
        Assert.Null(charts.Follow(Chart, Account, out _));
        using (charts.Follow(Chart with { Genre = "7" }, Account, out _)) { }
        followers[0].Dispose();
        using var follower = charts.Follow(Chart, Account, out _);
        Assert.NotNull(follower);
        followers.ForEach(f => f.Dispose());
    }

    [Fact]
    public void One_account_does_not_take_the_charts_of_all()
    {
        var charts = Charts();
        var greedy = Guid.CreateVersion7();
        var followers = Enumerable
            .Range(0, LiveCharts.ChartsPerAccountMax)
            .Select(i => charts.Follow(Chart with { Genre = $"{i}" }, greedy, out var _)!)
            .ToList();

        Assert.Null(charts.Follow(Chart, greedy, out var refusal));
        Assert.Equal(LiveRefusal.TooManyChartsOfOne(LiveCharts.ChartsPerAccountMax), refusal);
        using var others = charts.Follow(Chart, Account, out _);
        Assert.NotNull(others);
        // A chart that others follow already does not count towards its share.
        using var joined = charts.Follow(Chart, greedy, out _);
        Assert.NotNull(joined);
        followers.ForEach(f => f.Dispose());
    }

    [Theory]
    [InlineData("best", null, null)]
    [InlineData("0", null, null)]
    [InlineData(null, null, null)]
    [InlineData("top", "year", null)]
    [InlineData("top", "day", "123456789012345678901234567890123456789012345678901")]
    public void There_is_no_other_chart(string? chart, string? span, string? genre) =>
        Assert.Null(FollowedChart.Find(chart, span, genre));

    [Fact]
    public void Genres_are_compared_without_regard_to_case_and_the_week_goes_without_saying() =>
        Assert.Equal(FollowedChart.Find("top", "week", "dub"), FollowedChart.Find("Top", null, "Dub"));

    private FollowedChart Chart => new(Projections.Music.Charts.Chart.Top, ChartSpan.All, _genre);

    private LiveCharts Charts() =>
        new(
            log.Log,
            new ChartQueries(log.Views),
            async (names, position, ct) =>
            {
                await log.Projections.WaitAsync(names, position, ct);
                Interlocked.Increment(ref _reads);
            },
            _clock,
            NullLogger<LiveCharts>.Instance
        );

    private readonly OpenSessions _sessions = new(log.Log, TimeProvider.System);

    private async Task<LiveSession> SignedInAsync(Guid? session = null) =>
        (
            await _sessions.TryOpenAsync(
                new(Guid.CreateVersion7(), session, false),
                TestContext.Current.CancellationToken
            )
        )!;

    private static async Task<LiveMessage.ChartChanged> NextAsync(IAsyncEnumerator<LiveMessage> messages)
    {
        Assert.True(await messages.MoveNextAsync());
        return Assert.IsType<LiveMessage.ChartChanged>(messages.Current);
    }

    private int Plays(LiveMessage.ChartChanged message)
    {
        var chart = JsonSerializer.Deserialize<JsonElement>(message.Chart);
        Assert.Equal(
            ("top", "all", _genre),
            (
                chart.GetProperty("chart").GetString(),
                chart.GetProperty("span").GetString(),
                chart.GetProperty("genre").GetString()
            )
        );
        return Assert.Single(chart.GetProperty("items").EnumerateArray()).GetProperty("plays").GetInt32();
    }

    private Task UploadAsync() =>
        AppendAsync(
            _track,
            new TrackUploaded(
                _track,
                Guid.CreateVersion7(),
                "Ghost notes",
                _genre,
                null,
                1000,
                new string('0', 64),
                200_000,
                "flac",
                44_100,
                2
            )
        );

    private Task PlayAsync(string? genre = null, Guid? track = null) =>
        AppendAsync(
            Guid.CreateVersion7(),
            new PlayCounted(
                Guid.CreateVersion7(),
                track ?? _track,
                Guid.CreateVersion7(),
                Guid.CreateVersion7(),
                Guid.CreateVersion7(),
                genre ?? _genre,
                30_000
            )
        );

    private async Task AppendAsync(Guid stream, object e) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(stream, "test", 0, [e])], []))
        );
}

/// <summary>A clock with the real time whose timers fire only when the test says so.</summary>
internal sealed class HeldTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<HeldTimer> _timers = [];
    private TaskCompletionSource _made = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The waiting timer of this length, or the next one to be created.</summary>
    public async Task<HeldTimer> HeldAsync(TimeSpan length)
    {
        while (true)
        {
            Task made;
            lock (_gate)
            {
                if (_timers.Find(t => t.Length == length) is { } held)
                {
                    _timers.Remove(held);
                    return held;
                }
                made = _made.Task;
            }
            await made.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HeldTimer(dueTime, () => callback(state));
        lock (_gate)
        {
            _timers.Add(timer);
            _made.TrySetResult();
            _made = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        return timer;
    }
}

internal sealed class HeldTimer(TimeSpan length, Action ring) : ITimer
{
    public TimeSpan Length => length;

    public void Ring() => ring();

    public bool Change(TimeSpan dueTime, TimeSpan period) => true;

    public void Dispose() { }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
