using System.Reflection;
using System.Text.Json;
using Veza.EventStore.Aggregates;
using Veza.Fixtures;

namespace Veza.Domain.Tests;

/// <summary>
/// An aggregate of a long stream is stored as a snapshot, so every aggregate must survive a round trip through JSON.
/// </summary>
public class ModelsTests
{
    public static TheoryData<Type> Models =>
        [.. typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsAggregate)];

    [Theory]
    [MemberData(nameof(Models))]
    public void An_aggregate_read_from_its_json_equals_the_original_and_folds_on_equally(Type model)
    {
        var fold = AggregateFold.Of(model);
        var events = fold.Events.Select(Sample).ToList();
        var reached = events.Select(e => fold.Next(null, e)).OfType<object>().ToList();
        Assert.NotEmpty(reached);
        // After each event and each pair of events, so that every property has had a first and a second value.
        foreach (var _ in Enumerable.Range(0, 2))
            reached.AddRange(reached.ToList().SelectMany(state => events.Select(e => fold.Next(state, e)!)));
        foreach (var state in reached)
        {
            var revived = Revive(state);
            Assert.Equivalent(state, revived, strict: true);
            foreach (var e in events)
                Assert.Equivalent(fold.Next(state, e), fold.Next(revived, e), strict: true);
        }

        object Revive(object state) =>
            JsonSerializer.Deserialize(
                JsonSerializer.SerializeToUtf8Bytes(state, model, TestLog.EventTypes.Json),
                model,
                TestLog.EventTypes.Json
            )!;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void An_aggregate_keeps_all_state_in_public_properties(Type model)
    {
        var hidden = model
            .GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(f => !model.GetProperties().Any(p => f.Name == $"<{p.Name}>k__BackingField"))
            .Select(f => f.Name);
        Assert.Empty(hidden);
    }

    private static object Sample(Type type) =>
        TestLog.EventTypes.Read(
            TestLog.EventTypes.Describe(type).Alias,
            EventsTests.SampleOf(TestLog.EventTypes.Describe(type))
        )!;
}
