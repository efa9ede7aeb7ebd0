using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

public class SubscriberSchedulerTests
{
    [Fact(Timeout = 60_000)]
    public async Task However_many_are_woken_from_wherever_each_goes_on_every_time()
    {
        const int Readers = 500,
            Waits = 50;
        var turns = new SubscriberScheduler();
        var signals = Enumerable.Range(0, Readers).Select(_ => new ReusableSignal(turns)).ToArray();
        var reading = Task.WhenAll(signals.Select(ReadAsync));
        // A lost turn would leave a subscriber waiting for ever: it counts as woken, so it is not woken again.
        var waking = Enumerable
            .Range(0, 4)
            .Select(_ =>
                Task.Run(() =>
                {
                    while (!reading.IsCompleted)
                        foreach (var signal in signals)
                            signal.Set();
                })
            );
        await Task.WhenAll(waking.Append(reading)).WaitAsync(TestContext.Current.CancellationToken);

        static async Task ReadAsync(ReusableSignal signal)
        {
            for (var i = 0; i < Waits; i++)
                await signal.Begin();
        }
    }
}
