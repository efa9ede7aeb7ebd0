using Veza.Domain.Accounts;
using Veza.EventStore.Appending;
using Veza.Fixtures;
using Veza.Realtime.Engine;
using Veza.Tests;

namespace Veza.Realtime.Tests;

public class OpenSessionsTests(TestLog log)
{
    private readonly ManualTime _clock = new();
    private readonly Guid _session = Guid.CreateVersion7();
    private readonly Guid _account = Guid.CreateVersion7();

    private LiveCaller Caller => new(_account, _session, MayReadLog: false);

    [Fact]
    public async Task All_that_a_session_holds_open_ends_with_it()
    {
        var sessions = new OpenSessions(log.Log, _clock);
        await AppendAsync(0, new SessionStarted(_session, _account, "hash", log.Now));
        using var one = await OpenAsync(sessions);
        using var other = await OpenAsync(sessions);
        var ended = new TaskCompletionSource();
        using var registered = one!.Ended.Register(ended.SetResult);
        Assert.False(one.HasEnded || other!.HasEnded);
        var position = await AppendAsync(1, new SessionEnded(_session, _account, Session.SignedOut));
        await ended.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((position, position), (one.EndedAt, other.EndedAt));
        Assert.True(other.Ended.IsCancellationRequested);
        Assert.Null(await OpenAsync(sessions));
    }

    [Fact]
    public async Task A_key_ends_when_its_time_is_over()
    {
        var sessions = new OpenSessions(log.Log, _clock);
        await AppendAsync(
            0,
            new ApiKeyCreated(_session, _account, "bot", ["live:read"], "hash", _clock.GetUtcNow().AddDays(90))
        );
        using var open = await OpenAsync(sessions);
        _clock.Advance(TimeSpan.FromDays(90) - TimeSpan.FromTicks(1));
        Assert.False(open!.HasEnded);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(open.HasEnded);
        Assert.Null(await OpenAsync(sessions));
    }

    [Fact]
    public async Task A_sign_in_goes_on_past_the_end_it_had_before_it_was_refreshed()
    {
        var sessions = new OpenSessions(log.Log, _clock);
        await AppendAsync(0, new SessionStarted(_session, _account, "hash", _clock.GetUtcNow().AddDays(30)));
        using var open = await OpenAsync(sessions);
        _clock.Advance(TimeSpan.FromDays(31));
        Assert.False(open!.HasEnded);
    }

    [Fact]
    public async Task A_disposed_session_is_no_longer_counted()
    {
        var sessions = new OpenSessions(log.Log, _clock);
        var open = await OpenAsync(sessions);
        var other = await OpenAsync(sessions);
        Assert.Equal(1, sessions.Count);
        open!.Dispose();
        open.Dispose();
        Assert.Equal(1, sessions.Count);
        other!.Dispose();
        Assert.Equal(0, sessions.Count);
    }

    private Task<LiveSession?> OpenAsync(OpenSessions sessions) =>
        sessions.TryOpenAsync(Caller, TestContext.Current.CancellationToken);

    private async Task<long> AppendAsync(long version, object e) =>
        Assert
            .IsType<AppendOutcome.Accepted>(
                await log.Log.Appender.AppendAsync(
                    new(Guid.CreateVersion7(), [new StreamChange(_session, "session", version, [e])], [])
                )
            )
            .Position;
}
