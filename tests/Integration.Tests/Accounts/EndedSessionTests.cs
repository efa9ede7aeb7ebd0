using System.Text;
using Veza.Api.Auth;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Integration.Tests.Accounts;

public class EndedSessionTests(TestLog log) : IClassFixture<TestLog>
{
    // Events carry the database's time, so this clock starts at the real time and moves from there.
    private readonly SetClock _clock = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task A_token_is_refused_as_soon_as_its_session_ended()
    {
        var ended = await StartedAsync();
        var (callers, tokens) = Callers(ended);
        var (account, session) = await SignInAsync();
        var token = tokens.Issue(account, session, [PlatformRole.User]);
        Assert.True(callers.Authenticate(token).Succeeded);
        await SendAsync(new EndSession(session, Session.SignedOut));
        Assert.Same(Api.Auth.AccessTokenCache.Ended, callers.Authenticate(token).Failure);
    }

    [Fact]
    public async Task Another_session_of_the_same_account_goes_on()
    {
        var (callers, tokens) = Callers(await StartedAsync());
        var (account, session) = await SignInAsync();
        var other = Guid.CreateVersion7();
        await SendAsync(new StartSession(other, account, "hash"));
        await SendAsync(new EndSession(session, Session.SignedOut));
        Assert.True(callers.Authenticate(tokens.Issue(account, other, [PlatformRole.User])).Succeeded);
    }

    [Fact]
    public async Task A_node_that_starts_knows_the_sessions_that_ended_lately()
    {
        var (_, session) = await SignInAsync();
        await SendAsync(new EndSession(session, Session.SignedOut));
        Assert.True((await StartedAsync()).Has(session));
    }

    [Fact]
    public async Task A_node_that_starts_after_all_their_tokens_ended_does_not_keep_them()
    {
        var (_, session) = await SignInAsync();
        await SendAsync(new EndSession(session, Session.SignedOut));
        _clock.Now += AccessTokens.Life + 3 * AccessTokens.ClockSkew;
        Assert.Equal(0, (await StartedAsync()).Count);
    }

    [Fact]
    public async Task Sessions_are_forgotten_when_their_tokens_have_ended()
    {
        var ended = await StartedAsync();
        var (_, session) = await SignInAsync();
        await SendAsync(new EndSession(session, Session.SignedOut));
        Assert.True(ended.Has(session));
        _clock.Now += AccessTokens.Life + 3 * AccessTokens.ClockSkew;
        var (_, next) = await SignInAsync();
        await SendAsync(new EndSession(next, Session.SignedOut));
        Assert.False(ended.Has(session));
    }

    [Fact]
    public async Task A_remembered_token_ends_when_its_time_is_over()
    {
        var (callers, tokens) = Callers(await StartedAsync());
        var token = tokens.Issue(Guid.CreateVersion7(), Guid.CreateVersion7(), [PlatformRole.User]);
        var first = callers.Authenticate(token);
        Assert.Same(first, callers.Authenticate(token));
        _clock.Now += AccessTokens.Life + AccessTokens.ClockSkew;
        Assert.Same(Api.Auth.AccessTokenCache.Expired, callers.Authenticate(token).Failure);
    }

    [Fact]
    public async Task A_text_that_is_no_token_is_refused()
    {
        var (callers, tokens) = Callers(await StartedAsync());
        Assert.NotNull(callers.Authenticate("").Failure);
        Assert.NotNull(callers.Authenticate(new string('x', Jws.LengthMax + 1)).Failure);
        Assert.NotNull(
            callers.Authenticate(tokens.Issue(Guid.CreateVersion7(), Guid.CreateVersion7(), []) + "x").Failure
        );
    }

    [Fact]
    public async Task The_last_position_before_a_moment_is_found()
    {
        for (var i = 0; i < 5; i++)
            await SignInAsync();
        var events = await log.Log.Reader.ReadAsync(
            0,
            long.MaxValue,
            1000,
            null,
            null,
            TestContext.Current.CancellationToken
        );
        foreach (var e in events)
            Assert.Equal(
                events.Last(x => x.At <= e.At).Position,
                await log.Log.Reader.PositionBeforeAsync(e.At.AddTicks(10), TestContext.Current.CancellationToken)
            );
        Assert.Equal(0, await log.Log.Reader.PositionBeforeAsync(events[0].At, TestContext.Current.CancellationToken));
    }

    private async Task<EndedSessions> StartedAsync()
    {
        var ended = new EndedSessions(log.Log, _clock);
        await ended.StartAsync(TestContext.Current.CancellationToken);
        return ended;
    }

    private (AccessTokenCache Callers, AccessTokens Tokens) Callers(EndedSessions ended)
    {
        var tokens = new AccessTokens(new(Encoding.ASCII.GetBytes(new string('s', 40)), _clock), _clock);
        return (new(tokens, ended, _clock), tokens);
    }

    private async Task<(Guid Account, Guid Session)> SignInAsync()
    {
        var (account, session) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var name = account.ToString("N");
        await SendAsync(new RegisterAccount(account, name, $"{name}@example.org", "hash", new(session, "hash")));
        return (account, session);
    }

    private async Task SendAsync<TCommand>(TCommand command)
        where TCommand : notnull =>
        Assert.IsType<CommandResult.Done>(
            await log.CommandBus.SendAsync(
                command,
                new(Guid.CreateVersion7(), null),
                null,
                TestContext.Current.CancellationToken
            )
        );
}
