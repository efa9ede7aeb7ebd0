using System.Text.Json;
using System.Text.Json.Nodes;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Events;
using Veza.Fixtures;

namespace Veza.Domain.Tests;

public class EventsTests
{
    /// <summary>Event types that no decision depends on, so that no aggregate folds them.</summary>
    private static readonly HashSet<string> DecideNothing = ["broadcast_taken_down", "member_kicked", "operator_acted"];

    private static readonly EventTypes Types = TestLog.EventTypes;

    public static TheoryData<string> Samples => [.. typeof(EventsTests).Assembly.GetManifestResourceNames()];

    /// <summary>
    /// A sample is frozen, because existing logs hold events of that form. When an event type changes, its old sample
    /// stays and must still load.
    /// </summary>
    [Theory]
    [MemberData(nameof(Samples))]
    public void A_frozen_sample_loads_and_says_the_same_again(string name)
    {
        var json = Read(name);
        var loaded = Types.Read(Alias(name), JsonSerializer.SerializeToUtf8Bytes(json));
        Assert.NotNull(loaded);
        // An older schema version is upcast to the current one, whose JSON differs.
        if (Types.Describe(loaded.GetType()).Alias != Alias(name))
            return;
        var again = JsonNode.Parse(Types.Write(loaded));
        Assert.True(JsonNode.DeepEquals(json, again), $"{name} became {again?.ToJsonString()}");
    }

    [Fact]
    public void Every_event_type_has_a_frozen_sample()
    {
        var sampled = Samples.Select(s => s.Data).ToHashSet();
        var missing = Types
            .All.SelectMany(t =>
                Types
                    .Describe(t)
                    .Aliases.Select(
                        (alias, i) =>
                            (
                                Type: t,
                                Sample: $"{Types.Describe(t).Name}.v{i + 1}",
                                Current: alias == Types.Describe(t).Alias
                            )
                    )
            )
            .Where(s => !sampled.Contains(s.Sample))
            .ToList();
        Assert.True(
            missing.Count == 0,
            string.Join(
                "\n",
                missing.Select(s =>
                    $"Samples/{s.Sample}.json is missing; "
                    + (
                        s.Current
                            ? $"it could be {SampleOf(s.Type)}"
                            : "it must be an event as it stands in a log that exists"
                    )
                )
            )
        );
    }

    [Fact]
    public void Every_event_type_changes_an_aggregate_or_is_listed_as_deciding_nothing()
    {
        var folded = typeof(DomainEvent)
            .Assembly.GetTypes()
            .Where(AggregateFold.IsAggregate)
            .SelectMany(m => AggregateFold.Of(m).Events)
            .ToHashSet();
        Assert.Equal(
            DecideNothing.Order(),
            Types.All.Where(t => !folded.Contains(t)).Select(t => Types.Describe(t).Name).Order()
        );
    }

    // message_sent.v1 is a sample of message_sent, message_sent.v2 of message_sent_v2.
    private static string Alias(string sample) =>
        sample.EndsWith(".v1", StringComparison.Ordinal) ? sample[..^".v1".Length] : sample.Replace('.', '_');

    /// <summary>The frozen sample of a type's current schema version.</summary>
    internal static byte[] SampleOf(EventType type) =>
        JsonSerializer.SerializeToUtf8Bytes(Read($"{type.Name}.v{type.SchemaVersion}"));

    private static JsonNode Read(string sample)
    {
        using var stream = typeof(EventsTests).Assembly.GetManifestResourceStream(sample)!;
        return JsonNode.Parse(stream)!;
    }

    private static string SampleOf(Type type)
    {
        var constructor = type.GetConstructors().MaxBy(c => c.GetParameters().Length)!;
        var n = 0;
        return System.Text.Encoding.UTF8.GetString(
            Types.Write(
                constructor.Invoke([.. constructor.GetParameters().Select(p => Value(p.ParameterType, p.Name!))])
            )
        );

        object Value(Type of, string name)
        {
            of = Nullable.GetUnderlyingType(of) ?? of;
            n++;
            if (of == typeof(Guid))
                return new Guid($"01a1fb51-ec85-79ac-9db7-{n:x12}");
            if (of == typeof(string))
                return $"some {name} 🎵";
            if (of == typeof(DateTimeOffset))
                return new DateTimeOffset(2026, 3, 1, 12, 0, n, TimeSpan.Zero);
            if (of == typeof(bool))
                return true;
            if (of.IsEnum)
                return Enum.GetValues(of).GetValue(Enum.GetValues(of).Length - 1)!;
            if (of.IsGenericType)
            {
                var list = Array.CreateInstance(of.GetGenericArguments()[0], 1);
                list.SetValue(Value(of.GetGenericArguments()[0], name), 0);
                return list;
            }
            if (of.IsPrimitive)
                return Convert.ChangeType(n * 100, of, System.Globalization.CultureInfo.InvariantCulture);
            var inner = of.GetConstructors().MaxBy(c => c.GetParameters().Length)!;
            return inner.Invoke([.. inner.GetParameters().Select(p => Value(p.ParameterType, p.Name!))]);
        }
    }
}
