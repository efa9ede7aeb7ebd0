using Veza.EventStore.Concurrency;

namespace Veza.EventStore.Tests;

public class FairSlotsTests
{
    private static readonly Guid Greedy = new(1, 0, 0, new byte[8]);
    private static readonly Guid Modest = new(2, 0, 0, new byte[8]);

    [Fact]
    public async Task A_caller_with_a_hundred_requests_is_served_one_before_the_next_caller_is()
    {
        await using var slots = new FairSlots(
            new("test", Slots: 1, SlotsPerCaller: 1, WaitingPerCaller: 100, WaitingMax: 10)
        );
        var first = await slots.TryEnterAsync(Greedy, CancellationToken.None);
        var queued = Enumerable
            .Range(0, 100)
            .Select(_ => slots.TryEnterAsync(Greedy, CancellationToken.None).AsTask())
            .ToList();
        var other = slots.TryEnterAsync(Modest, CancellationToken.None).AsTask();

        first!.Dispose();

        using var served = await other.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotNull(served);
        Assert.Equal(0, queued.Count(q => q.IsCompleted));
    }

    [Fact]
    public async Task A_caller_whose_queue_is_full_is_refused_and_another_is_not()
    {
        await using var slots = new FairSlots(
            new("test", Slots: 2, SlotsPerCaller: 1, WaitingPerCaller: 1, WaitingMax: 10)
        );
        using var held = await slots.TryEnterAsync(Greedy, CancellationToken.None);
        using var giveUp = new CancellationTokenSource();
        var waiting = slots.TryEnterAsync(Greedy, giveUp.Token).AsTask();

        Assert.Null(await slots.TryEnterAsync(Greedy, CancellationToken.None));
        using var other = await slots.TryEnterAsync(Modest, CancellationToken.None);
        Assert.NotNull(other);

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_slot_given_back_twice_is_one_slot()
    {
        await using var slots = new FairSlots(
            new("test", Slots: 1, SlotsPerCaller: 1, WaitingPerCaller: 0, WaitingMax: 0)
        );
        var slot = await slots.TryEnterAsync(Greedy, CancellationToken.None);
        slot!.Dispose();
        slot.Dispose();

        using var again = await slots.TryEnterAsync(Greedy, CancellationToken.None);
        Assert.NotNull(again);
        Assert.Null(await slots.TryEnterAsync(Greedy, CancellationToken.None));
    }
}
