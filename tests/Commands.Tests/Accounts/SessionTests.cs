using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class SessionTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);

    private RefreshSession Refreshed(string token, string next) => new(_ada.Session, token, next);

    private EndSession Ended => new(_ada.Session, Session.SignedOut);

    [Fact]
    public async Task Signing_in_begins_a_session()
    {
        await _ada.GivenAsync(_ada.Registered);
        Assert.Equal<DomainEvent>(
            [
                new SessionStarted(_ada.Session, _ada.Account, "token 1", _ada.Now.AddDays(30)),
                new SignedIn(_ada.Account, _ada.Session, "Ada's phone", "network"),
            ],
            await _ada.EventsOfAsync(_ada.Started with { Device = "Ada's phone", NetworkHash = "network" })
        );
    }

    [Fact]
    public async Task Signing_in_to_an_unknown_account_is_refused() =>
        Assert.Equal("account_unknown", (await _ada.RefusalOfAsync(_ada.Started)).Code);

    [Fact]
    public async Task A_refresh_puts_the_next_token_in_the_place_of_the_one_shown()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        _ada.Now = _ada.Now.AddDays(29);
        Assert.Equal(
            [new SessionRefreshed(_ada.Session, _ada.Account, "token 2", _ada.Now.AddDays(30))],
            await _ada.EventsOfAsync(Refreshed("token 1", "token 2"))
        );
        await _ada.GivenAsync(Refreshed("token 2", "token 3"));
    }

    [Fact]
    public async Task A_token_that_was_used_is_refused_as_used()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started, Refreshed("token 1", "token 2"));
        Assert.Equal(AccountRefusals.RefreshTokenReused, await _ada.RefusalOfAsync(Refreshed("token 1", "token 3")));
    }

    [Fact]
    public async Task A_token_unused_for_thirty_days_is_refused()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        _ada.Now = _ada.Now.AddDays(30);
        Assert.Equal(AccountRefusals.RefreshTokenExpired, await _ada.RefusalOfAsync(Refreshed("token 1", "token 2")));
    }

    [Fact]
    public async Task A_session_that_is_not_there_is_not_refreshed() =>
        Assert.Equal(AccountRefusals.RefreshTokenInvalid, await _ada.RefusalOfAsync(Refreshed("token 1", "token 2")));

    [Fact]
    public async Task An_ended_session_is_not_refreshed_even_with_its_own_token()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started, Ended);
        Assert.Equal(CallerRefusals.SessionEnded, await _ada.RefusalOfAsync(Refreshed("token 1", "token 2")));
    }

    [Fact]
    public async Task Ending_a_session_says_why()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        Assert.Equal(
            [new SessionEnded(_ada.Session, _ada.Account, "refresh_token_reused")],
            await _ada.EventsOfAsync(Ended with { Reason = Session.RefreshTokenReused })
        );
    }

    [Fact]
    public async Task Ending_a_session_again_changes_nothing()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started, Ended);
        Assert.Empty(await _ada.EventsOfAsync(Ended));
    }

    [Fact]
    public async Task A_session_that_is_not_there_cannot_be_ended() =>
        Assert.Equal("session_unknown", (await _ada.RefusalOfAsync(Ended)).Code);

    [Fact]
    public async Task The_session_of_another_account_cannot_be_ended()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        Assert.Equal(
            "session_unknown",
            (await _ada.RefusalOfAsync(Ended with { OwnerId = Guid.CreateVersion7() })).Code
        );
        Assert.Single(await _ada.EventsOfAsync(Ended with { OwnerId = _ada.Account }));
    }

    [Fact]
    public async Task Signing_out_everywhere_else_ends_every_other_session_at_once()
    {
        var (phone, car) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _ada.GivenAsync(
            _ada.Registered with
            {
                SignIn = new(_ada.Session, "token 1"),
            },
            new StartSession(phone, _ada.Account, "p"),
            new StartSession(car, _ada.Account, "c"),
            new EndSession(car, Session.SignedOut)
        );
        Assert.Equal(
            [new SessionEnded(phone, _ada.Account, Session.SignedOut)],
            await _ada.EventsOfAsync(new EndOtherSessions(_ada.Account, _ada.Session))
        );
        Assert.Empty(await _ada.EventsOfAsync(new EndOtherSessions(_ada.Account, _ada.Session)));
    }

    [Fact]
    public async Task One_session_too_many_ends_the_oldest()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        for (var i = 1; i < Account.SessionsMax; i++)
            Assert.Equal(
                2,
                (await _ada.EventsOfAsync(new StartSession(Guid.CreateVersion7(), _ada.Account, "token"))).Length
            );
        var events = await _ada.EventsOfAsync(new StartSession(Guid.CreateVersion7(), _ada.Account, "token"));
        Assert.Equal(new SessionEnded(_ada.Session, _ada.Account, Session.TooMany), events[^1]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a\nb")]
    public async Task A_device_is_called_by_one_line(string device)
    {
        await _ada.GivenAsync(_ada.Registered);
        Assert.Equal("invalid", (await _ada.RefusalOfAsync(_ada.Started with { Device = device })).Code);
        Assert.Equal(
            "invalid",
            (await _ada.RefusalOfAsync(_ada.Started with { Device = new('x', Session.DeviceMax + 1) })).Code
        );
    }

    [Fact]
    public async Task A_role_is_granted_once()
    {
        await _ada.GivenAsync(_ada.Registered);
        Assert.Equal(
            [new RoleGranted(_ada.Account, PlatformRole.Analyst)],
            await _ada.EventsOfAsync(new GrantRole(_ada.Account, PlatformRole.Analyst))
        );
        Assert.Empty(await _ada.EventsOfAsync(new GrantRole(_ada.Account, PlatformRole.Analyst)));
    }

    [Theory]
    [InlineData("root")]
    [InlineData("user")]
    [InlineData("Operator")]
    [InlineData(null)]
    public async Task An_unknown_role_is_not_granted(string? role)
    {
        await _ada.GivenAsync(_ada.Registered);
        Assert.Equal("invalid", (await _ada.RefusalOfAsync(new GrantRole(_ada.Account, role!))).Code);
    }

    [Fact]
    public async Task A_role_is_not_granted_to_an_unknown_account() =>
        Assert.Equal(
            "account_unknown",
            (await _ada.RefusalOfAsync(new GrantRole(_ada.Account, PlatformRole.Analyst))).Code
        );
}
