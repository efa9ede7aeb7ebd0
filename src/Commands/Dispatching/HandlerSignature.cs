using System.Reflection;
using Veza.Domain;
using Veza.EventStore.Aggregates;

namespace Veza.Commands.Dispatching;

/// <summary>
/// The parameters and return types of a command's <c>…Handler</c> class. Its code is generated from them.
/// </summary>
/// <remarks>
/// The id of <c>Message message</c> is the command's <c>MessageId</c>. Without that property, it is the property of
/// that name of the one other aggregate that has it. For an aggregate with a static <c>StreamId(communityId,
/// memberId)</c>, these parts are looked up by their names in the same way. Where names are ambiguous or do not fit,
/// <see cref="ReadAggregateAttribute"/> or <see cref="WriteAggregateAttribute"/> names the key.
/// A nullable aggregate may be missing. Without one of its other aggregates, a command is refused as unknown.
/// <c>IReadOnlyList&lt;Session&gt; sessions</c> holds the existing sessions of <c>SessionIds</c>. A handler whose
/// outcome decides the answer has an <c>Answer</c> beside its <c>Handle</c>, with the same aggregates.
/// </remarks>
internal sealed class HandlerSignature
{
    private HandlerSignature(Type command)
    {
        Command = command;
        Handler = TypeBeside(command, "Handler") ?? throw Error($"there is no {command.Name}Handler");
        Handle = Method("Handle") ?? throw Error("it has no Handle");
        Validate = Method("Validate");
        Answer = Method("Answer");
        Aggregates = Ordered([
            .. ((MethodInfo?[])[Validate, Handle, Answer])
                .SelectMany(method => method?.GetParameters() ?? [])
                .Where(parameter => AggregateParameter.IsOne(parameter.ParameterType))
                .GroupBy(parameter => parameter.Name!)
                .Select(uses => new AggregateParameter([.. uses], Error)),
        ]);
        var written = Aggregates.Where(a => a.IsWritten).ToList();
        if (written.Count > 1)
            throw Error($"{Names(written)} are [WriteAggregate]; return effects to append to more than one stream");
        Written = written.SingleOrDefault();
        Outcome = OutcomeOf(Handle.ReturnType);
        if (Outcome == HandlerOutcome.Events && Written is null)
            throw Error("Handle returns events but has no [WriteAggregate] they are of");
    }

    public Type Command { get; }
    public Type Handler { get; }
    public MethodInfo? Validate { get; }
    public MethodInfo Handle { get; }

    /// <summary>Makes the answer from the decision's aggregates; null when the sender makes the answer.</summary>
    public MethodInfo? Answer { get; }

    public HandlerOutcome Outcome { get; }

    /// <summary>In loading order: the id of each comes from the command or from aggregates before it.</summary>
    public IReadOnlyList<AggregateParameter> Aggregates { get; }

    /// <summary>The aggregate that the events are appended to; null when the handler returns effects.</summary>
    public AggregateParameter? Written { get; }

    /// <exception cref="ArgumentException">No code can be generated for the handler. The message says why.</exception>
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
        throw Error($"Handle returns a {returned.Name}; it may return events or effects");
    }

    private static bool IsOneOrMore<T>(Type returned) =>
        returned.IsAssignableTo(typeof(T)) || returned.IsAssignableTo(typeof(IEnumerable<T>));

    private List<AggregateParameter> Ordered(List<AggregateParameter> asked)
    {
        var ordered = new List<AggregateParameter>();
        while (asked.Count > 0)
        {
            var next = asked.FirstOrDefault(a => a.TryFindKey(Command, ordered))
                ?? throw Error($"neither the command nor another aggregate has the id of {Names(asked)}");
            asked.Remove(next);
            ordered.Add(next);
        }
        return ordered;
    }

    private static string Names(IEnumerable<AggregateParameter> aggregates) =>
        string.Join(" and ", aggregates.Select(a => a.Name));

    private ArgumentException Error(string what) => new($"{Command.Name}Handler: {what}");
}

internal enum HandlerOutcome
{
    Events,
    Effects,
}
