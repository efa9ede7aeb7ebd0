namespace Veza.Commands.Dispatching;

/// <summary>Marks a handler's parameter as an aggregate.</summary>
/// <param name="key">
/// The sources of the parts of its id, in the order of its <c>StreamId</c>. A source is a property of the command
/// (<c>"ModeratorId"</c>) or of another aggregate of the handler (<c>"channel.CommunityId"</c>). Empty where the names
/// suffice; <see cref="HandlerSignature"/> has the rules.
/// </param>
public abstract class AggregateAttribute(string[] key) : Attribute
{
    public IReadOnlyList<string> Key { get; } = key;
}

/// <summary>
/// Marks the aggregate that a handler's events are appended to, at exactly the version it decided on.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class WriteAggregateAttribute(params string[] key) : AggregateAttribute(key);

/// <summary>Marks an aggregate that a handler only looks at. It is as fresh as this node's tail.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ReadAggregateAttribute(params string[] key) : AggregateAttribute(key);
