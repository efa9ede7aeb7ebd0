namespace Veza.Commands.Dispatching;

/// <summary>An aggregate that a handler asks for.</summary>
/// <param name="key">
/// Where the parts of its id come from, in the order of its <c>StreamId</c>: a property of the command
/// (<c>"ModeratorId"</c>) or of another aggregate of the handler (<c>"channel.CommunityId"</c>). Empty where the
/// names say it already; <see cref="HandlerSignature"/> has the rules.
/// </param>
public abstract class AggregateAttribute(string[] key) : Attribute
{
    public IReadOnlyList<string> Key { get; } = key;
}

/// <summary>The aggregate that a handler's events are appended to, at exactly the version it decided on.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class WriteAggregateAttribute(params string[] key) : AggregateAttribute(key);

/// <summary>An aggregate that is only looked at. It is as fresh as this node's tail.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ReadAggregateAttribute(params string[] key) : AggregateAttribute(key);
