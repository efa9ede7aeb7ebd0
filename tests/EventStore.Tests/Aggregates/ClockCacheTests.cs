using Veza.EventStore.Aggregates;
using Veza.EventStore.Caching;

namespace Veza.EventStore.Tests.Aggregates;

public class ClockCacheTests
{
    [Fact]
    public void Reused_values_outlast_a_burst_of_values_used_once()
    {
        var cache = new ClockCache<int, string>(100);
        for (var hot = 0; hot < 50; hot++)
            Assert.True(cache.TryAdd(-hot, $"hot {hot}", out _));
        for (var once = 1; once <= 10_000; once++)
        {
            cache.TryAdd(once, $"once {once}", out _);
            Assert.True(cache.TryFind(-(once % 50), out var hot), $"evicted by the burst's value {once}");
            Assert.Equal($"hot {once % 50}", hot);
        }
        Assert.Equal(100, cache.Count);
    }

    [Fact]
    public void Peeking_does_not_count_as_use()
    {
        var cache = new ClockCache<int, string>(10);
        cache.TryAdd(0, "followed", out _);
        for (var other = 1; other <= 10; other++)
        {
            Assert.True(cache.TryPeek(0, out _));
            cache.TryAdd(other, "other", out _);
        }
        Assert.False(cache.TryPeek(0, out _));
    }

    [Fact]
    public void The_place_of_a_removed_value_is_used_again_before_anything_is_evicted()
    {
        var cache = new ClockCache<int, string>(3);
        for (var i = 0; i < 3; i++)
            cache.TryAdd(i, $"{i}", out _);
        for (var round = 0; round < 20; round++)
        {
            Assert.True(cache.TryPeek(1, out var value));
            cache.Remove(1, value);
            Assert.True(cache.TryAdd(1, "anew", out var evicted));
            Assert.False(evicted);
        }
        Assert.Equal(3, cache.Count);
    }

    [Fact]
    public void Removing_a_former_value_leaves_the_one_that_took_its_key()
    {
        var cache = new ClockCache<int, string>(3);
        var (former, present) = (new string('a', 1), new string('a', 1));
        cache.TryAdd(1, former, out _);
        cache.Remove(1, former);
        cache.TryAdd(1, present, out _);
        cache.Remove(1, former);
        Assert.True(cache.TryFind(1, out var found));
        Assert.Same(present, found);
    }

    [Fact]
    public async Task It_never_holds_more_than_its_bound_nor_another_keys_value()
    {
        const int Max = 64;
        var cache = new ClockCache<int, string>(Max);
        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(worker =>
                    Task.Run(() =>
                    {
                        var chance = new Random(worker);
                        for (var i = 0; i < 20_000; i++)
                        {
                            var key = chance.Next(200);
                            if (cache.TryFind(key, out var value))
                                Assert.Equal($"{key}", value);
                            if (value is not null && chance.Next(4) == 0)
                                cache.Remove(key, value);
                            else
                                cache.TryAdd(key, $"{key}", out _);
                            Assert.InRange(cache.Count, 0, Max);
                        }
                    })
                )
        );
        // The cache has kept its capacity: it holds as many values as fit.
        for (var key = 1000; key < 1000 + Max; key++)
            cache.TryAdd(key, $"{key}", out _);
        Assert.Equal(Max, cache.Count);
    }
}
