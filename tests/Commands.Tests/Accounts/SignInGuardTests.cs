using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class SignInGuardTests(TestLog log)
{
    private readonly AccountSetting _ada = new(log);
    private readonly Guid _guard = Guid.CreateVersion7();

    private async Task<SignInFailed> FailAsync() => Assert.IsType<SignInFailed>(Assert.Single(await _ada.EventsOfAsync(new RecordFailedSignIn(_guard, _ada.Account))));

    [Fact]
    public async Task The_first_failures_wait_for_nothing_and_the_next_ever_longer_but_never_longer_than_the_longest()
    {
        var waits = new List<TimeSpan>();
        for (var i = 1; i <= 40; i++)
        {
            var failed = await FailAsync();
            Assert.Equal(i, failed.InARow);
            waits.Add(failed.NextTryAt - _ada.Now);
            _ada.Now = failed.NextTryAt;
        }
        Assert.All(waits.Take(SignInGuard.FreeTries - 1), wait => Assert.Equal(TimeSpan.Zero, wait));
        Assert.Equal([5, 10, 20, 40], waits.Skip(SignInGuard.FreeTries - 1).Take(4).Select(w => w.TotalSeconds));
        Assert.Equal(SignInGuard.WaitMax, waits.Max());
        Assert.Equal(waits.Order(), waits);
    }

    [Fact]
    public async Task A_day_without_failures_forgets_them()
    {
        for (var i = 0; i < SignInGuard.FreeTries; i++) await FailAsync();
        _ada.Now += SignInGuard.ForgottenAfter + SignInGuard.WaitMin;
        Assert.Equal(1, (await FailAsync()).InARow);
    }
}
