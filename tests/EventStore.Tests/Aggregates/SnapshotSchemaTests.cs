using System.Collections.Immutable;
using Veza.EventStore.Aggregates;

namespace Veza.EventStore.Tests.Aggregates;

public class SnapshotSchemaTests
{
    private static class Before
    {
        public enum Mood
        {
            Good,
            Bad,
        }

        public sealed record Part(string Name, int Size);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this;
        }
    }

    private static class Moved
    {
        public enum Mood
        {
            Good,
            Bad,
        }

        public sealed record Part(string Name, int Size);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this;
        }
    }

    private static class WithAnotherPropertyInside
    {
        public enum Mood
        {
            Good,
            Bad,
        }

        public sealed record Part(string Name, int Size, int Weight);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this;
        }
    }

    private static class WithAnotherType
    {
        public enum Mood
        {
            Good,
            Bad,
        }

        public sealed record Part(string Name, long Size);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this;
        }
    }

    private static class WithAnotherMood
    {
        public enum Mood
        {
            Good,
            Fair,
            Bad,
        }

        public sealed record Part(string Name, int Size);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this;
        }
    }

    private static class WithAnotherEvent
    {
        public enum Mood
        {
            Good,
            Bad,
        }

        public sealed record Part(string Name, int Size);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this;

            public Whole Apply(Poisoned _) => this;
        }
    }

    private static class WithAnotherFold
    {
        public enum Mood
        {
            Good,
            Bad,
        }

        public sealed record Part(string Name, int Size);

        public sealed record Whole(Guid Id, ImmutableDictionary<Guid, Part> Parts, Mood? Mood, Whole? Inner)
        {
            public const int SnapshotVersion = 1;

            public static Whole Create(Counted e) => new(e.Id, ImmutableDictionary<Guid, Part>.Empty, null, null);

            public Whole Apply(Cleared _) => this with { Inner = this };
        }
    }

    [Fact]
    public void An_aggregate_type_that_only_moved_keeps_its_snapshots() =>
        Assert.Equal(AggregateFold.Of<Before.Whole>().Shape, AggregateFold.Of<Moved.Whole>().Shape);

    [Theory]
    [InlineData(typeof(WithAnotherPropertyInside.Whole))]
    [InlineData(typeof(WithAnotherType.Whole))]
    [InlineData(typeof(WithAnotherMood.Whole))]
    [InlineData(typeof(WithAnotherEvent.Whole))]
    [InlineData(typeof(WithAnotherFold.Whole))]
    public void A_changed_aggregate_type_loses_its_snapshots(Type changed) =>
        Assert.NotEqual(AggregateFold.Of<Before.Whole>().Shape, AggregateFold.Of(changed).Shape);
}
