using System.Reflection;
using Veza.EventStore.Aggregates;

namespace Veza.Commands.Dispatching;

/// <summary>One aggregate, or list of aggregates, that a handler asks for, and where its id comes from.</summary>
internal sealed class AggregateParameter
{
    private readonly IReadOnlyList<string> _named;
    private readonly Func<string, Exception> _wrong;

    /// <param name="uses">Every parameter of the handler's methods with this name.</param>
    /// <param name="wrong">Makes an error that names the handler.</param>
    public AggregateParameter(IReadOnlyList<ParameterInfo> uses, Func<string, Exception> wrong)
    {
        _wrong = wrong;
        Name = uses[0].Name!;
        if (uses.Select(use => use.ParameterType).Distinct().Count() > 1)
            throw wrong($"{Name} has more than one type");
        IsMany = IsList(uses[0].ParameterType);
        Aggregate = ElementOf(uses[0].ParameterType);
        var attributes = uses.SelectMany(use => use.GetCustomAttributes<AggregateAttribute>()).ToList();
        IsWritten = attributes.OfType<WriteAggregateAttribute>().Any();
        if (IsWritten && IsMany)
            throw wrong($"{Name} is a list; append to its streams by effects");
        var nullability = new NullabilityInfoContext();
        IsRequired = !IsMany && uses.Any(use => nullability.Create(use).WriteState == NullabilityState.NotNull);
        var named = attributes.Select(a => a.Key).Where(key => key.Count > 0);
        var keys = named.DistinctBy(key => string.Join(' ', key)).ToList();
        if (keys.Count > 1)
            throw wrong($"{Name} has more than one key");
        _named = keys.SingleOrDefault() ?? [];
    }

    public string Name { get; }
    public Type Aggregate { get; }
    public bool IsMany { get; }
    public bool IsWritten { get; }

    /// <summary>The command is refused when the aggregate is missing.</summary>
    public bool IsRequired { get; }

    /// <summary>Of a list: the one property that holds its ids.</summary>
    public IReadOnlyList<IdSource> Key { get; private set; } = [];

    /// <summary>Makes the stream's id of the key's parts; null when the only part is the id.</summary>
    public MethodInfo? StreamId =>
        IsMany ? null : Aggregate.GetMethod("StreamId", BindingFlags.Public | BindingFlags.Static);

    public static bool IsOne(Type parameter) => AggregateFold.IsModel(ElementOf(parameter));

    /// <summary>Looks for the parts of the key on the command and on the aggregates that are loaded by then.</summary>
    /// <exception cref="Exception">What a name means is not clear.</exception>
    public bool TryFindKey(Type command, IReadOnlyList<AggregateParameter> loaded)
    {
        // "sessions" are those of SessionIds.
        var id = IsMany ? $"{Name[..^1]}Ids" : $"{Name}Id";
        var names = StreamId?.GetParameters().Select(p => p.Name!).ToList() ?? [id];
        if (_named.Count > 0 && _named.Count != names.Count)
            throw _wrong($"the key of {Name} has {_named.Count} parts; that of a {Aggregate.Name} has {names.Count}");
        if (_named.Count == 0 && StreamId is not null && IsOneOfSeveral(names))
            throw _wrong(
                $"its name does not say which {Aggregate.Name} {Name} is; name the key ({string.Join(", ", names)})"
            );
        var sources =
            _named.Count > 0
                ? _named.Select(named => Named(named, command, loaded)).ToList()
                : names.Select(name => Conventional(name, command, loaded)).ToList();
        if (sources.Contains(null))
            return false;
        Key = [.. sources.OfType<IdSource>()];
        return true;
    }

    /// <summary>A <c>Member moderator</c> is hardly the one of the command's <c>MemberId</c>.</summary>
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

        Exception Lacking(string who) => _wrong($"the key of {Name} names {named}, which {who} lacks");
    }

    private IdSource? Conventional(string name, Type command, IReadOnlyList<AggregateParameter> loaded)
    {
        if (Property(command, name) is { } own)
            return new(null, own);
        var having = loaded.Where(l => !l.IsMany && Property(l.Aggregate, name) is not null).ToList();
        var owners = string.Join(" or ", having.Select(l => l.Name));
        if (having.Count > 1)
            throw _wrong($"{name} of {Name} could be of {owners}; name the key");
        return having is [var from] ? new(from, Property(from.Aggregate, name)!) : null;
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
/// <param name="Aggregate">Null when it is the command's.</param>
internal sealed record IdSource(AggregateParameter? Aggregate, PropertyInfo Property)
{
    /// <summary>Whether there is an id whenever the decision comes this far.</summary>
    public bool IsCertain => Property.PropertyType == typeof(Guid) && Aggregate is null or { IsRequired: true };
}
