using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Veza.EventStore.Models;

namespace Veza.Commands.Dispatching;

/// <summary>
/// How a command is handled, read once from its <c>…Handler</c> class: which models its <c>Validate</c> and <c>Handle</c> ask for and where their ids come from.
/// </summary>
/// <remarks>
/// The id of <c>Message message</c> is the command's <c>MessageId</c>, or that property of a model already loaded; that of <c>Account followee</c> is
/// <c>FolloweeId</c>. A model with a static <c>StreamId(communityId, memberId)</c> has its parameters looked up by their names;
/// that of <c>Member moderator</c> takes <c>ModeratorId</c> where it is of a <c>memberId</c>. A nullable model may be
/// missing; one that is not nullable is refused as unknown. An <c>IReadOnlyList&lt;Session&gt; sessions</c> is those of <c>SessionIds</c> that are there. A handler whose outcome decides what the caller is told has an <c>Answer</c> beside its
/// <c>Handle</c>, over the same models.
/// </remarks>
public sealed class HandlerPlan
{
    private static readonly ConcurrentDictionary<Type, HandlerPlan> Plans = new();

    private HandlerPlan(Type command)
    {
        Command = command;
        var handler = command.Assembly.GetType($"{command.FullName}Handler") ?? throw new ArgumentException($"{command.Name} has no {command.Name}Handler");
        var handle = handler.GetMethod("Handle") ?? throw new ArgumentException($"{handler.Name} has no Handle");
        var validate = handler.GetMethod("Validate");
        var answer = handler.GetMethod("Answer");
        var parameters = ((MethodInfo?[])[validate, handle, answer]).SelectMany(m => m?.GetParameters() ?? []).ToArray();
        Slots = Order([.. parameters.Where(p => ModelFold.IsModel(ModelSlot.ModelOf(p.ParameterType))).GroupBy(p => p.Name!).Select(g => new ModelSlot(g))]);
        WriteSlot = Slots.FindIndex(s => s.IsWrite);
        Validate = validate is null ? null : Compile<Refusal?>(validate);
        Handle = Compile<object?>(handle);
        Answer = answer is null ? null : Compile<object?>(answer);
    }

    public Type Command { get; }
    public List<ModelSlot> Slots { get; }

    /// <summary>-1 when the command only starts streams.</summary>
    public int WriteSlot { get; }
    public Func<object, object?[], DateTimeOffset, Refusal?>? Validate { get; }
    public Func<object, object?[], DateTimeOffset, object?> Handle { get; }

    /// <summary>What the caller is told, made from the same models as the decision; null when the answer that came with the command will do.</summary>
    public Func<object, object?[], DateTimeOffset, object?>? Answer { get; }

    public static HandlerPlan Of(Type command) => Plans.GetOrAdd(command, static c => new(c));

    /// <summary>Models are loaded in an order in which each one's id is known by then.</summary>
    private List<ModelSlot> Order(List<ModelSlot> slots)
    {
        var ordered = new List<ModelSlot>();
        while (slots.Count > 0)
        {
            var next = slots.FirstOrDefault(s => s.TryResolve(Command, ordered))
                ?? throw new ArgumentException($"{Command.Name}Handler asks for {string.Join(", ", slots.Select(s => s.Name))}, whose ids are found neither on the command nor on its models");
            slots.Remove(next);
            ordered.Add(next);
        }
        return ordered;
    }

    private Func<object, object?[], DateTimeOffset, T> Compile<T>(MethodInfo method)
    {
        var command = Expression.Parameter(typeof(object));
        var models = Expression.Parameter(typeof(object?[]));
        var now = Expression.Parameter(typeof(DateTimeOffset));
        var arguments = method.GetParameters().Select(p =>
            p.ParameterType == Command ? Expression.Convert(command, Command)
            : p.ParameterType == typeof(DateTimeOffset) ? now
            : (Expression)Expression.Convert(Expression.ArrayIndex(models, Expression.Constant(Slots.FindIndex(s => s.Name == p.Name))), p.ParameterType));
        var call = Expression.Convert(Expression.Call(method, arguments), typeof(T));
        return Expression.Lambda<Func<object, object?[], DateTimeOffset, T>>(call, command, models, now).Compile();
    }
}

/// <summary>One model that a handler asks for.</summary>
public sealed class ModelSlot
{
    private readonly bool _required;
    private Func<object, object?[], Guid?>? _streamId;
    private Func<object, object?[], IReadOnlyCollection<Guid>?>? _streamIds;

    internal ModelSlot(IEnumerable<ParameterInfo> uses)
    {
        var all = uses.ToArray();
        (Model, Name) = (ModelOf(all[0].ParameterType), all[0].Name!);
        IsMany = Model != all[0].ParameterType;
        IsWrite = all.Any(p => p.IsDefined(typeof(WriteModelAttribute)));
        var nullability = new NullabilityInfoContext();
        _required = all.Any(p => nullability.Create(p).WriteState == NullabilityState.NotNull);
    }

    public Type Model { get; }
    public string Name { get; }
    public bool IsWrite { get; }

    /// <summary>The handler asks for a list.</summary>
    public bool IsMany { get; }
    public bool Required => _required && !IsMany;

    /// <returns>Null when a model it depends on is missing.</returns>
    public Guid? StreamId(object command, object?[] models) => _streamId!(command, models);

    /// <returns>The streams of a list; none when a model they depend on is missing.</returns>
    public IReadOnlyCollection<Guid> StreamIds(object command, object?[] models) => _streamIds!(command, models) ?? [];

    /// <returns>The element's type of a list, any other type itself.</returns>
    internal static Type ModelOf(Type parameter) =>
        parameter.IsGenericType && parameter.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? parameter.GetGenericArguments()[0] : parameter;

    internal bool TryResolve(Type command, List<ModelSlot> loaded)
    {
        if (IsMany) return TryResolveMany(command, loaded);
        var byKey = Model.GetMethod("StreamId", BindingFlags.Public | BindingFlags.Static);
        var names = byKey is null ? [Name + "Id"] : byKey.GetParameters().Select(p => p.Name!.Equals(Model.Name + "Id", StringComparison.OrdinalIgnoreCase) ? Name + "Id" : p.Name!).ToArray();
        var commandParameter = Expression.Parameter(typeof(object));
        var models = Expression.Parameter(typeof(object?[]));
        var sources = names.Select(n => Source(n, command, loaded, commandParameter, models)).ToArray();
        if (sources.Any(s => s is null)) return false;
        var none = sources.Select(s => (Expression)Expression.Not(Expression.Property(s!, "HasValue"))).Aggregate(Expression.OrElse);
        var values = sources.Select(s => (Expression)Expression.Property(s!, "Value")).ToArray();
        var id = byKey is null ? values[0] : Expression.Call(byKey, values);
        _streamId = Expression.Lambda<Func<object, object?[], Guid?>>(
            Expression.Condition(none, Expression.Constant(null, typeof(Guid?)), Expression.Convert(id, typeof(Guid?))), commandParameter, models).Compile();
        return true;
    }

    private bool TryResolveMany(Type command, List<ModelSlot> loaded)
    {
        // "sessions" are those of SessionIds.
        var name = Name[..^1] + "Ids";
        if (Ids(command) is { } own) _streamIds = (sent, _) => (IReadOnlyCollection<Guid>?)own.GetValue(sent);
        else if (loaded.FindIndex(l => Ids(l.Model) is not null) is var from and >= 0)
        {
            var theirs = Ids(loaded[from].Model)!;
            _streamIds = (_, models) => models[from] is { } model ? (IReadOnlyCollection<Guid>?)theirs.GetValue(model) : null;
        }
        return _streamIds is not null;

        PropertyInfo? Ids(Type type) =>
            type.GetProperties().FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && p.PropertyType.IsAssignableTo(typeof(IReadOnlyCollection<Guid>)));
    }

    private static Expression? Source(string name, Type command, List<ModelSlot> loaded, Expression commandParameter, Expression models)
    {
        if (Property(command, name) is { } own) return Expression.Convert(Expression.Property(Expression.Convert(commandParameter, command), own), typeof(Guid?));
        for (var i = 0; i < loaded.Count; i++)
        {
            if (Property(loaded[i].Model, name) is not { } theirs) continue;
            var model = Expression.ArrayIndex(models, Expression.Constant(i));
            return Expression.Condition(Expression.Equal(model, Expression.Constant(null)), Expression.Constant(null, typeof(Guid?)),
                Expression.Convert(Expression.Property(Expression.Convert(model, loaded[i].Model), theirs), typeof(Guid?)));
        }
        return null;
    }

    private static PropertyInfo? Property(Type type, string name) =>
        type.GetProperties().FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && (p.PropertyType == typeof(Guid) || p.PropertyType == typeof(Guid?)));
}
