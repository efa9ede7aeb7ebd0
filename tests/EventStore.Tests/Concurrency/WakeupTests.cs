using Veza.EventStore.Concurrency;

namespace Veza.EventStore.Tests.Concurrency;

public class WakeupTests
{
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Signals_before_the_wait_end_one_wait()
    {
        var wakeup = new Wakeup();
        wakeup.Set();
        wakeup.Set();

        Assert.True(await wakeup.WaitAsync(TimeSpan.Zero, _ct));
        Assert.False(await wakeup.WaitAsync(TimeSpan.Zero, _ct));
    }

    [Fact]
    public async Task A_signal_ends_a_wait_that_has_begun()
    {
        var wakeup = new Wakeup();
        var wait = wakeup.WaitAsync(_ct);
        Assert.False(wait.IsCompleted);

        wakeup.Set();

        await wait;
    }

    [Fact]
    public async Task Many_threads_may_set_it_together()
    {
        var wakeup = new Wakeup();

        await Parallel.ForAsync(0, 10_000, _ct, (_, _) =>
        {
            wakeup.Set();
            return ValueTask.CompletedTask;
        });

        Assert.True(await wakeup.WaitAsync(TimeSpan.Zero, _ct));
        Assert.False(await wakeup.WaitAsync(TimeSpan.Zero, _ct));
    }
}
