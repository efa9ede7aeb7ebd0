using JasperFx.Events;
using Marten.Events.Aggregation;
using Veza.EventStore.Aggregates;

namespace Veza.EventStore.Marten;

/// <summary>
/// An aggregate for Marten: <c>session.Events.AggregateStreamAsync&lt;Folded&lt;Message&gt;&gt;(id, version: 3)</c>.
/// Marten folds a type by its conventions only with a generator in the type's assembly, and the domain references
/// nothing. So Marten folds this wrapper, with the aggregate's own fold.
/// </summary>
/// <remarks>Like the aggregate, it is immutable once Marten has returned it.</remarks>
public sealed class Folded<TAggregate>
    where TAggregate : class
{
    /// <summary>The id of the stream.</summary>
    public Guid Id { get; set; }

    /// <summary>The stream's version that the aggregate reflects.</summary>
    public long Version { get; set; }

    /// <summary>The aggregate; null while no event has created it.</summary>
    public TAggregate? State { get; set; }
}

/// <summary>
/// Folds with <see cref="AggregateFold"/>, as commands do, so an aggregate is the same in Marten and in commands.
/// </summary>
public sealed class FoldedProjection<TAggregate> : SingleStreamProjection<Folded<TAggregate>, Guid>
    where TAggregate : class
{
    private static readonly AggregateFold Fold = AggregateFold.Of<TAggregate>();

    public override Folded<TAggregate>? Evolve(Folded<TAggregate>? snapshot, Guid id, IEvent e) =>
        new()
        {
            Id = id,
            Version = e.Version,
            State = (TAggregate?)Fold.Next(snapshot?.State, e.Data),
        };
}
