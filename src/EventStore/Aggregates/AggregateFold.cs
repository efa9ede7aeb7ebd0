using System.Linq.Expressions;
using System.Reflection;
using Veza.EventStore.Events;

namespace Veza.EventStore.Aggregates;

/// <summary>
/// Folds events into a model by Marten's conventions: <c>static Create(SomethingHappened)</c> and
/// <c>Apply(SomethingElse)</c>.
/// </summary>
public sealed class AggregateFold
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, AggregateFold> Folds = new();

    private readonly Dictionary<Type, Func<object, object>> _create = [];
    private readonly Dictionary<Type, Func<object, object, object>> _apply = [];

    private AggregateFold(Type model)
    {
        Model = model;
        StreamType = model.GetField("StreamType")?.GetRawConstantValue() as string ?? EventTypes.SnakeCase(model.Name);
        foreach (
            var method in model.GetMethods(
                BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly
            )
        )
        {
            if (method.ReturnType != model || method.GetParameters() is not [var only])
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
                            Expression.Call(Expression.Convert(m, model), method, argument),
                            typeof(object)
                        ),
                        m,
                        e
                    )
                    .Compile();
        }
        Shape = SnapshotSchema.Of(model, Events);
    }

    public Type Model { get; }

    /// <summary>
    /// The alias that streams of this aggregate carry: its constant <c>StreamType</c>, or else its name in snake case
    /// (<c>message</c>).
    /// </summary>
    public string StreamType { get; }

    /// <summary>The event types the model makes something of.</summary>
    public IEnumerable<Type> Events => _create.Keys.Union(_apply.Keys);

    /// <summary>Of the model as it is now, to know its snapshots by.</summary>
    internal byte[] Shape { get; }

    public static AggregateFold Of(Type model) => Folds.GetOrAdd(model, static m => new(m));

    public static AggregateFold Of<TModel>() => Of(typeof(TModel));

    public static bool IsModel(Type type) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Any(m => m.Name == "Create" && m.ReturnType == type && m.GetParameters().Length == 1);

    /// <summary>The model after one more event; an event it makes nothing of leaves it as it was.</summary>
    public object? Next(object? model, object? @event)
    {
        if (@event is null)
            return model;
        if (model is null)
            return _create.TryGetValue(@event.GetType(), out var create) ? create(@event) : null;
        return _apply.TryGetValue(@event.GetType(), out var apply) ? apply(model, @event) : model;
    }
}
