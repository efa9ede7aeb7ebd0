using System.Reflection;
using Veza.EventStore.Aggregates;

namespace Veza.Commands.Dispatching;

/// <summary>A handler's parameter for an aggregate or a list of aggregates, and the sources of its id.</summary>
internal sealed class AggregateParameter
{
    private readonly IReadOnlyList<string> _namedKey;
    private readonly Func<string, Exception> _error;

    /// <param name="uses">Every parameter of the handler's methods with this name.</param>
    /// <param name="error">Creates an error that names the handler.</param>
    public AggregateParameter(IReadOnlyList<ParameterInfo> uses, Func<string, Exception> error)
    {
        _error = error;
        Name = uses[0].Name!;
        if (uses.Select(use => use.ParameterType).Distinct().Count() > 1)
            throw error($"{Name} has more than one type");
        IsMany = IsList(uses[0].ParameterType);
        Aggregate = ElementOf(uses[0].ParameterType);
        var attributes = uses.SelectMany(use => use.GetCustomAttributes<AggregateAttribute>()).ToList();
        IsWritten = attributes.OfType<WriteAggregateAttribute>().Any();
        if (IsWritten && IsMany)
            throw error($"{Name} is a list; append to its streams by effects");
        var nullability = new NullabilityInfoContext();
        IsRequired = !IsMany && uses.Any(use => nullability.Create(use).WriteState == NullabilityState.NotNull);
        var named = attributes.Select(a => a.Key).Where(key => key.Count > 0);
        var keys = named.DistinctBy(key => string.Join(' ', key)).ToList();
        if (keys.Count > 1)
            throw error($"{Name} has more than one key");
        _namedKey = keys.SingleOrDefault() ?? [];
    }

    public string Name { get; }
    public Type Aggregate { get; }
    public bool IsMany { get; }
    public bool IsWritten { get; }

    /// <summary>Whether the command is refused when the aggregate is missing.</summary>
    public bool IsRequired { get; }

    /// <summary>The sources of the id's parts. A list has one: the property that holds its ids.</summary>
    public IReadOnlyList<IdSource> Key { get; private set; } = [];

    /// <summary>Computes the stream's id from the key's parts; null when the only part is the id.</summary>
    public MethodInfo? StreamId =>
        IsMany ? null : Aggregate.GetMethod("StreamId", BindingFlags.Public | BindingFlags.Static);

    public static bool IsOne(Type parameter) => AggregateFold.IsAggregate(ElementOf(parameter));

    /// <summary>Looks for the parts of the key in the command and in the aggregates loaded before this one.</summary>
    /// <exception cref="Exception">A name is ambiguous.</exception>
    public bool TryFindKey(Type command, IReadOnlyList<AggregateParameter> loaded)
    {
        // The ids of "sessions" are in SessionIds.
        var id = IsMany ? $"{Name[..^1]}Ids" : $"{Name}Id";
        var names = StreamId?.GetParameters().Select(p => p.Name!).ToList() ?? [id];
        var parts = _namedKey.Count;
        if (parts > 0 && parts != names.Count)
            throw _error($"the key of {Name} has {parts} parts; that of a {Aggregate.Name} has {names.Count}");
        if (parts == 0 && StreamId is not null && IsOneOfSeveral(names))
            throw _error(
                $"its name does not say which {Aggregate.Name} {Name} is; name the key ({string.Join(", ", names)})"
            );
        var sources =
            parts > 0
                ? _namedKey.Select(named => Named(named, command, loaded)).ToList()
                : names.Select(name => Conventional(name, command, loaded)).ToList();
        if (sources.Contains(null))
            return false;
        Key = [.. sources.OfType<IdSource>()];
        return true;
    }

    /// <summary>
    /// Whether the name differs from the type's: a <c>Member moderator</c> is not the <c>MemberId</c>.
    /// </summary>
    private bool IsOneOfSeveral(List<string> names) =>
        !Name.Equals(Aggregate.Name, StringComparison.OrdinalIgnoreCase)
        && names.Contains($"{Aggregate.Name}Id", StringComparer.OrdinalIgnoreCase);

    private IdSource? Named(string named, Type command, IReadOnlyList<AggregateParameter> loaded)
    {
        if (named.Split('.') is not [var owner, var name])
            return new(null, Property(command, named) ?? throw Lacking("the command"));
        if (loaded.FirstOrDefault(l => l.Name == owner && !l.IsMany) is not { } from)
            return null;
        return new(from, Property(from.Aggregate, name) ?? throw Lacking(owner));

        Exception Lacking(string holder) => _error($"the key of {Name} names {named}, which {holder} lacks");
    }

    private IdSource? Conventional(string name, Type command, IReadOnlyList<AggregateParameter> loaded)
    {
        if (Property(command, name) is { } property)
            return new(null, property);
        var holders = loaded.Where(l => !l.IsMany && Property(l.Aggregate, name) is not null).ToList();
        if (holders.Count > 1)
            throw _error(
                $"{name} of {Name} could be of {string.Join(" or ", holders.Select(l => l.Name))}; name the key"
            );
        return holders is [var holder] ? new(holder, Property(holder.Aggregate, name)!) : null;
    }

    private PropertyInfo? Property(Type type, string name) =>
        type.GetProperties()
            .FirstOrDefault(property =>
                property.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && MayHold(property.PropertyType)
            );

    private bool MayHold(Type type) =>
        IsMany ? type.IsAssignableTo(typeof(IReadOnlyCollection<Guid>)) : type == typeof(Guid) || type == typeof(Guid?);

    private static bool IsList(Type parameter) =>
        parameter.IsGenericType && parameter.GetGenericTypeDefinition() == typeof(IReadOnlyList<>);

    private static Type ElementOf(Type parameter) => IsList(parameter) ? parameter.GetGenericArguments()[0] : parameter;
}

/// <summary>A property that an id is read from.</summary>
/// <param name="Aggregate">The aggregate that has the property; null when the command has it.</param>
internal sealed record IdSource(AggregateParameter? Aggregate, PropertyInfo Property)
{
    /// <summary>Whether the id exists in every decision that reaches this aggregate.</summary>
    public bool IsCertain => Property.PropertyType == typeof(Guid) && Aggregate is null or { IsRequired: true };
}
