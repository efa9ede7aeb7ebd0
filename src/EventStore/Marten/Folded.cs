using JasperFx.Events;
using Marten.Events.Aggregation;
using Veza.EventStore.Aggregates;

namespace Veza.EventStore.Marten;

/// <summary>
/// A model as Marten aggregates it: <c>session.Events.AggregateStreamAsync&lt;Folded&lt;Message&gt;&gt;(id, version:
/// 3)</c>. Marten folds a type by its own conventions only with a generator in the type's assembly, and the domain
/// references nothing; so it holds this, whose fold is the model's own.
/// </summary>
/// <remarks>Immutable once Marten has returned it, like the model.</remarks>
public sealed class Folded<TModel>
    where TModel : class
{
    /// <summary>The stream's.</summary>
    public Guid Id { get; set; }

    /// <summary>The stream's version that the model is as of.</summary>
    public long Version { get; set; }

    /// <summary>Null where the stream's events have not made one.</summary>
    public TModel? Model { get; set; }
}

/// <summary>
/// Folds as commands do (<see cref="AggregateFold"/>), so that an aggregate is the same whichever way it was read.
/// </summary>
public sealed class FoldedProjection<TModel> : SingleStreamProjection<Folded<TModel>, Guid>
    where TModel : class
{
    private static readonly AggregateFold Fold = AggregateFold.Of<TModel>();

    public override Folded<TModel>? Evolve(Folded<TModel>? snapshot, Guid id, IEvent e) =>
        new()
        {
            Id = id,
            Version = e.Version,
            Model = (TModel?)Fold.Next(snapshot?.Model, e.Data),
        };
}
