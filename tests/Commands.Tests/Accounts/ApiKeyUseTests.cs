using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class ApiKeyUseTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);
    private readonly Guid _key = Guid.CreateVersion7();

    private RecordApiKeyUse Used => new(_key);

    private Task MadeAsync() =>
        _ada.GivenAsync(
            _ada.Registered,
            new CreateApiKey(_key, _ada.Account, "concert bot", ["live:read"], "key hash", 90)
        );

    [Fact]
    public async Task The_first_use_of_a_key_on_a_day_is_recorded_and_the_others_are_not()
    {
        await MadeAsync();
        Assert.Equal([new ApiKeyUsed(_key, _ada.Account, new(2026, 3, 1))], await _ada.EventsOfAsync(Used));
        _ada.Now = new(2026, 3, 1, 23, 59, 59, TimeSpan.Zero);
        Assert.Empty(await _ada.EventsOfAsync(Used));
        _ada.Now = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal([new ApiKeyUsed(_key, _ada.Account, new(2026, 3, 2))], await _ada.EventsOfAsync(Used));
    }

    [Fact]
    public async Task A_node_whose_clock_is_behind_records_no_day_twice()
    {
        await MadeAsync();
        _ada.Now = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
        await _ada.GivenAsync(Used);
        _ada.Now -= TimeSpan.FromSeconds(10);
        Assert.Empty(await _ada.EventsOfAsync(Used));
    }

    [Fact]
    public async Task A_key_that_was_revoked_is_not_used()
    {
        await MadeAsync();
        await _ada.GivenAsync(new EndSession(_key, Session.KeyRevoked, _ada.Account));
        Assert.Empty(await _ada.EventsOfAsync(Used));
    }

    [Fact]
    public async Task A_sign_in_is_no_key()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        Assert.Empty(await _ada.EventsOfAsync(new RecordApiKeyUse(_ada.Session)));
    }
}
