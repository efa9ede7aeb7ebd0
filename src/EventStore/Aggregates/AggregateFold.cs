using System.Linq.Expressions;
using System.Reflection;
using Veza.EventStore.Events;

namespace Veza.EventStore.Aggregates;

/// <summary>
/// Folds events into an aggregate by Marten's conventions: <c>static Create(SomethingHappened)</c> and
/// <c>Apply(SomethingElse)</c>. Any thread may use it.
/// </summary>
public sealed class AggregateFold
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, AggregateFold> Folds = new();

    private readonly Dictionary<Type, Func<object, object>> _create = [];
    private readonly Dictionary<Type, Func<object, object, object>> _apply = [];

    private AggregateFold(Type aggregate)
    {
        Aggregate = aggregate;
        StreamType =
            aggregate.GetField("StreamType")?.GetRawConstantValue() as string ?? EventTypes.SnakeCase(aggregate.Name);
        foreach (
            var method in aggregate.GetMethods(
                BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly
            )
        )
        {
            if (method.ReturnType != aggregate || method.GetParameters() is not [var only])
                continue;
            var e = Expression.Parameter(typeof(object));
            var m = Expression.Parameter(typeof(object));
            var argument = Expression.Convert(e, only.ParameterType);
            if (method is { Name: "Create", IsStatic: true })
                _create[only.ParameterType] = Expression
                    .Lambda<Func<object, object>>(
                        Expression.Convert(Expression.Call(method, argument), typeof(object)),
                        e
                    )
                    .Compile();
            else if (method is { Name: "Apply", IsStatic: false })
                _apply[only.ParameterType] = Expression
                    .Lambda<Func<object, object, object>>(
                        Expression.Convert(
                            Expression.Call(Expression.Convert(m, aggregate), method, argument),
                            typeof(object)
                        ),
                        m,
                        e
                    )
                    .Compile();
        }
        Shape = SnapshotSchema.Of(aggregate, Events);
    }

    public Type Aggregate { get; }

    /// <summary>
    /// The alias of this aggregate's streams: its constant <c>StreamType</c>, or else its name in snake case
    /// (<c>message</c>).
    /// </summary>
    public string StreamType { get; }

    /// <summary>The event types that the aggregate folds.</summary>
    public IEnumerable<Type> Events => _create.Keys.Union(_apply.Keys);

    /// <summary>The hash of the aggregate's present schema, which identifies its snapshots.</summary>
    internal byte[] Shape { get; }

    public static AggregateFold Of(Type aggregate) => Folds.GetOrAdd(aggregate, static m => new(m));

    public static AggregateFold Of<TAggregate>() => Of(typeof(TAggregate));

    public static bool IsAggregate(Type type) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Any(m => m.Name == "Create" && m.ReturnType == type && m.GetParameters().Length == 1);

    /// <summary>The aggregate after one more event. An event that it does not fold leaves it unchanged.</summary>
    public object? Next(object? aggregate, object? @event)
    {
        if (@event is null)
            return aggregate;
        if (aggregate is null)
            return _create.TryGetValue(@event.GetType(), out var create) ? create(@event) : null;
        return _apply.TryGetValue(@event.GetType(), out var apply) ? apply(aggregate, @event) : aggregate;
    }
}
