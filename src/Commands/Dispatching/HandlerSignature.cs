using System.Reflection;
using Veza.Domain;
using Veza.EventStore.Aggregates;

namespace Veza.Commands.Dispatching;

/// <summary>What a command's <c>…Handler</c> class asks for and returns. Its code is generated from it.</summary>
/// <remarks>
/// The id of <c>Message message</c> is the command's <c>MessageId</c>; where the command has none, it is the property
/// of that name of the one other aggregate that has it. An aggregate with a static
/// <c>StreamId(communityId, memberId)</c> has its parts looked up by their names in the same way. Where names do not
/// say it, or more than one aggregate could be meant, <see cref="ReadAggregateAttribute"/> or
/// <see cref="WriteAggregateAttribute"/> does. An aggregate that is nullable may be missing; a command whose other
/// aggregates are missing is refused as unknown. <c>IReadOnlyList&lt;Session&gt; sessions</c> is those of
/// <c>SessionIds</c> that are there. A handler whose outcome decides what the caller is told has an <c>Answer</c>
/// beside its <c>Handle</c>, over the same aggregates.
/// </remarks>
internal sealed class HandlerSignature
{
    private HandlerSignature(Type command)
    {
        Command = command;
        Handler = TypeBeside(command, "Handler") ?? throw Wrong($"there is no {command.Name}Handler");
        Handle = Method("Handle") ?? throw Wrong("it has no Handle");
        Validate = Method("Validate");
        Answer = Method("Answer");
        Aggregates = Ordered([
            .. ((MethodInfo?[])[Validate, Handle, Answer])
                .SelectMany(method => method?.GetParameters() ?? [])
                .Where(parameter => AggregateParameter.IsOne(parameter.ParameterType))
                .GroupBy(parameter => parameter.Name!)
                .Select(uses => new AggregateParameter([.. uses], Wrong)),
        ]);
        var written = Aggregates.Where(a => a.IsWritten).ToList();
        if (written.Count > 1)
            throw Wrong($"{Names(written)} are [WriteAggregate]; return effects to append to more than one stream");
        Written = written.SingleOrDefault();
        Outcome = OutcomeOf(Handle.ReturnType);
        if (Outcome == HandlerOutcome.Events && Written is null)
            throw Wrong("Handle returns events but has no [WriteAggregate] they are of");
    }

    public Type Command { get; }
    public Type Handler { get; }
    public MethodInfo? Validate { get; }
    public MethodInfo Handle { get; }

    /// <summary>Makes the caller's answer from the decision's aggregates; null when the sender's own will do.</summary>
    public MethodInfo? Answer { get; }

    public HandlerOutcome Outcome { get; }

    /// <summary>In an order in which the id of each is known once those before it are loaded.</summary>
    public IReadOnlyList<AggregateParameter> Aggregates { get; }

    /// <summary>Null when the command only begins streams or has effects.</summary>
    public AggregateParameter? Written { get; }

    /// <exception cref="ArgumentException">No code can be generated for the handler; the message says why.</exception>
    public static HandlerSignature Of(Type command) => new(command);

    public static bool IsHandlerOf(Type handler, Type command) => TypeBeside(command, "Handler") == handler;

    private static Type? TypeBeside(Type command, string suffix) =>
        command.Assembly.GetType($"{command.FullName}{suffix}");

    private MethodInfo? Method(string name) => Handler.GetMethod(name, BindingFlags.Public | BindingFlags.Static);

    private HandlerOutcome OutcomeOf(Type returned)
    {
        if (IsOneOrMore<DomainEvent>(returned))
            return HandlerOutcome.Events;
        if (IsOneOrMore<Effect>(returned))
            return HandlerOutcome.Effects;
        throw Wrong($"Handle returns a {returned.Name}; it may return events or effects");
    }

    private static bool IsOneOrMore<T>(Type returned) =>
        returned.IsAssignableTo(typeof(T)) || returned.IsAssignableTo(typeof(IEnumerable<T>));

    private List<AggregateParameter> Ordered(List<AggregateParameter> asked)
    {
        var ordered = new List<AggregateParameter>();
        while (asked.Count > 0)
        {
            var next = asked.FirstOrDefault(a => a.TryFindKey(Command, ordered))
                ?? throw Wrong($"neither the command nor another aggregate has the id of {Names(asked)}");
            asked.Remove(next);
            ordered.Add(next);
        }
        return ordered;
    }

    private static string Names(IEnumerable<AggregateParameter> aggregates) =>
        string.Join(" and ", aggregates.Select(a => a.Name));

    private ArgumentException Wrong(string what) => new($"{Command.Name}Handler: {what}");
}

internal enum HandlerOutcome
{
    Events,
    Effects,
}
