using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class PrivilegedActTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);

    private RecordLogRead Read => new(_ada.Session);

    [Fact]
    public async Task The_first_reading_of_the_log_on_a_day_is_recorded_and_the_others_are_not()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        Assert.Equal([new LogRead(_ada.Session, _ada.Account, new(2026, 3, 1))], await _ada.EventsOfAsync(Read));
        _ada.Now = new(2026, 3, 1, 23, 59, 59, TimeSpan.Zero);
        Assert.Empty(await _ada.EventsOfAsync(Read));
        _ada.Now = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal([new LogRead(_ada.Session, _ada.Account, new(2026, 3, 2))], await _ada.EventsOfAsync(Read));
    }

    [Fact]
    public async Task A_session_that_ended_reads_nothing()
    {
        await _ada.GivenAsync(
            _ada.Registered,
            _ada.Started,
            new EndSession(_ada.Session, Session.SignedOut, _ada.Account)
        );
        Assert.Empty(await _ada.EventsOfAsync(Read));
    }

    [Fact]
    public async Task Every_act_of_an_operator_is_recorded()
    {
        await _ada.GivenAsync(_ada.Registered);
        foreach (var act in OperatorAct.All)
            for (var i = 0; i < 2; i++)
                Assert.Equal(
                    [new OperatorActed(_ada.Account, act, "chat.messages.v1")],
                    await _ada.EventsOfAsync(new RecordOperatorAct(_ada.Account, act, "chat.messages.v1"))
                );
    }

    [Fact]
    public async Task An_act_that_is_none_and_a_subject_that_is_too_long_are_refused()
    {
        await _ada.GivenAsync(_ada.Registered);
        Assert.Equal(
            "invalid",
            (await _ada.RefusalOfAsync(new RecordOperatorAct(_ada.Account, "dance", "chat.messages.v1"))).Code
        );
        Assert.Equal(
            "invalid",
            (
                await _ada.RefusalOfAsync(
                    new RecordOperatorAct(_ada.Account, OperatorAct.Skip, new('x', OperatorAct.SubjectMax + 1))
                )
            ).Code
        );
    }
}
