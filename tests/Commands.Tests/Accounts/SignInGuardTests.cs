using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class SignInGuardTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);
    private readonly Guid _guard = Guid.CreateVersion7();

    private async Task<SignInTried> CountAsync(Guid? tryId = null) =>
        Assert.IsType<SignInTried>(Assert.Single(await _ada.EventsOfAsync(Try(tryId))));

    private CountSignInTry Try(Guid? tryId = null, bool waits = true) =>
        new(_guard, tryId ?? Guid.CreateVersion7(), waits);

    private async Task<SignInFailed> FailAsync()
    {
        await CountAsync();
        return Assert.IsType<SignInFailed>(
            Assert.Single(await _ada.EventsOfAsync(new RecordFailedSignIn(_guard, _ada.Account)))
        );
    }

    private async Task<SignInTryPassed> PassAsync(Guid tryId) =>
        Assert.IsType<SignInTryPassed>(Assert.Single(await _ada.EventsOfAsync(new PassSignInTry(_guard, tryId))));

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
    public async Task A_day_without_failures_clears_the_count()
    {
        for (var i = 0; i < SignInGuard.FreeTries; i++)
            await FailAsync();
        _ada.Now += SignInGuard.ForgottenAfter + SignInGuard.WaitMin;
        Assert.Equal(1, (await FailAsync()).InARow);
    }

    [Fact]
    public async Task A_try_is_counted_before_it_is_checked_so_that_no_more_are_under_way_than_may_fail()
    {
        for (var i = 0; i < SignInGuard.FreeTries; i++)
            await CountAsync();
        var refusal = await _ada.RefusalOfAsync(Try());
        Assert.Equal(("sign_in_wait", SignInGuard.WaitMin), (refusal.Code, refusal.RetryAfter));
    }

    [Fact]
    public async Task Where_the_owner_has_signed_in_before_a_try_is_counted_and_does_not_wait()
    {
        for (var i = 0; i < SignInGuard.FreeTries; i++)
            await CountAsync();
        Assert.Equal(
            SignInGuard.FreeTries + 1,
            Assert.IsType<SignInTried>(Assert.Single(await _ada.EventsOfAsync(Try(waits: false)))).InARow
        );
    }

    [Fact]
    public async Task A_try_that_passes_leaves_the_guard_as_it_was()
    {
        for (var i = 1; i < SignInGuard.FreeTries; i++)
            await FailAsync();
        var good = Guid.CreateVersion7();
        var before = _ada.Now;
        _ada.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(SignInGuard.FreeTries, (await CountAsync(good)).InARow);
        var passed = await PassAsync(good);
        Assert.Equal((SignInGuard.FreeTries - 1, before), (passed.InARow, passed.NextTryAt));
        Assert.Equal(SignInGuard.FreeTries, (await FailAsync()).InARow);
    }

    [Fact]
    public async Task A_try_that_passes_shortens_no_wait_that_others_have_earned_meanwhile()
    {
        for (var i = 1; i < SignInGuard.FreeTries - 1; i++)
            await FailAsync();
        var good = Guid.CreateVersion7();
        await CountAsync(good);
        var wait = (await FailAsync()).NextTryAt;
        var passed = await PassAsync(good);
        Assert.Equal((SignInGuard.FreeTries - 1, wait), (passed.InARow, passed.NextTryAt));
        await _ada.RefusalOfAsync(Try());
    }

    [Fact]
    public async Task A_try_without_a_known_outcome_counts_as_a_failure()
    {
        await CountAsync();
        Assert.Equal(2, (await FailAsync()).InARow);
    }
}
