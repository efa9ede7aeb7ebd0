using Veza.Api;

namespace Veza.Integration;

public sealed class FullCollectionsTests
{
    private readonly FullCollections _collections = new(TimeProvider.System);

    [Fact]
    public void One_is_wanted_shortly_before_the_runtime_would_end_its_thread_for_them()
    {
        Assert.False(IsDue(seconds: 2, young: 5, full: 1));
        Assert.False(IsDue(seconds: 12, young: 20, full: 1));
        Assert.True(IsDue(seconds: 17, young: 25, full: 1));
    }

    [Fact]
    public void One_that_came_by_itself_counts()
    {
        Assert.False(IsDue(seconds: 2, young: 5, full: 1));
        Assert.False(IsDue(seconds: 16, young: 20, full: 2));
        Assert.False(IsDue(seconds: 20, young: 25, full: 2));
        Assert.True(IsDue(seconds: 31, young: 35, full: 2));
    }

    [Fact]
    public void None_is_wanted_when_there_was_nothing_to_collect()
    {
        Assert.False(IsDue(seconds: 2, young: 5, full: 1));
        Assert.False(IsDue(seconds: 17, young: 5, full: 1));
    }

    [Fact]
    public void None_is_wanted_once_the_thread_has_ended_as_it_would_stop_everything()
    {
        Assert.False(IsDue(seconds: 2, young: 5, full: 1));
        Assert.False(IsDue(seconds: 23, young: 30, full: 1));
    }

    private bool IsDue(int seconds, int young, int full) =>
        _collections.IsDue(seconds * TimeProvider.System.TimestampFrequency, young, full);
}
