using Veza.Domain.Chat.Messages;
using Veza.EventStore.Events;
using Veza.Fixtures;
using Veza.Projections.Registry;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

public class LiveItemsTests
{
    private readonly LiveItems _items = new(TopicRegistry.Map, new(EventShapes.All), new EventJson(TestLog.EventTypes));

    [Fact]
    public void All_subscribers_get_one_serialised_form_of_an_event()
    {
        var e = Recorded();

        var items = Enumerable.Range(0, 100).AsParallel().Select(_ => _items.Of(e)).ToList();

        Assert.All(items, item => Assert.Same(items[0], item));
        Assert.All(items, item => Assert.Same(items[0].Json, item.Json));
    }

    [Fact]
    public void An_event_has_another_item_after_personal_data_in_it_was_erased()
    {
        var e = Recorded();
        var before = _items.Of(e);

        e.Forget();

        var after = _items.Of(e);
        Assert.NotSame(before, after);
        Assert.Same(after, _items.Of(e));
    }

    private static RecordedEvent Recorded()
    {
        var data = new MessageDeleted(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        return new(
            1,
            Guid.CreateVersion7(),
            data.MessageId,
            1,
            TestLog.EventTypes.Describe(data.GetType()).Alias,
            DateTimeOffset.UnixEpoch,
            Guid.Empty,
            null,
            TestLog.EventTypes.Write(data),
            TestLog.EventTypes
        );
    }
}
