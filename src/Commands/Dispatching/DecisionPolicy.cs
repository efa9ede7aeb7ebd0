using System.Reflection;
using FluentValidation;
using JasperFx;
using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Frames;
using JasperFx.CodeGeneration.Model;
using Wolverine.Configuration;
using Wolverine.Middleware;
using Wolverine.Runtime.Handlers;

namespace Veza.Commands.Dispatching;

/// <summary>
/// Makes Wolverine generate the decision around each command's handler: load aggregates from the cache, call the
/// handler, append its events, and decide again after a version conflict.
/// </summary>
/// <remarks>
/// A handler that does not fit is an error when the host starts and when the code is generated.
/// </remarks>
internal sealed class DecisionPolicy : IHandlerPolicy
{
    public void Apply(IReadOnlyList<HandlerChain> chains, GenerationRules rules, IServiceContainer container)
    {
        foreach (var chain in chains)
            if (chain.Handlers is [var handle] && HandlerSignature.IsHandlerOf(handle.HandlerType, chain.MessageType))
            {
                Apply(chain, handle, HandlerSignature.Of(chain.MessageType), rules, container);
                TakePrebuilt(chain, rules, container);
            }
    }

    /// <summary>
    /// Where another project's reactors run too, Wolverine looks for generated code in that project. The commands' code
    /// is in this one.
    /// </summary>
    private static void TakePrebuilt(HandlerChain chain, GenerationRules rules, IServiceContainer container)
    {
        if (rules.ApplicationAssembly != WolverineCommands.Room && !DynamicCodeBuilder.WithinCodegenCommand)
            ((ICodeFile)chain).AttachTypesSynchronously(rules, WolverineCommands.Room, container.Services, "");
    }

    private static void Apply(
        HandlerChain chain,
        MethodCall handle,
        HandlerSignature signature,
        GenerationRules rules,
        IServiceContainer container
    )
    {
        // The handler's return value goes to the decision and not to a queue.
        chain.ReturnVariableActionSource = ReturnValueToDecision.Instance;
        // Adds the call of Validate and the exit after a refusal.
        chain.ApplyImpliedMiddlewareFromHandlers(rules);
        var calls = chain.Middleware.OfType<MethodCall>().Append(handle).ToList();

        var validator = typeof(IValidator<>).MakeGenericType(signature.Command);
        var decide = new DecideFrame(signature.Command, container.HasRegistrationFor(validator));
        var loaded = new Dictionary<AggregateParameter, Variable>();
        var frames = new List<Frame> { decide };
        foreach (var aggregate in signature.Aggregates)
        {
            var load = new LoadAggregateFrame(aggregate, signature.Command, loaded, decide.Decision);
            frames.Add(load);
            loaded.Add(aggregate, load.Aggregate);
        }
        if (signature.Written is { } written)
            frames.Add(new WrittenFrame(written, loaded[written]));
        var time = new TimeFrame(decide.Decision);
        frames.Add(time);
        chain.Middleware.InsertRange(0, frames);

        if (signature.Answer is { } answer)
        {
            var call = new MethodCall(signature.Handler, answer);
            calls.Add(call);
            chain.Postprocessors.Add(call);
            chain.Postprocessors.Add(new PassToDecisionFrame(nameof(Decision.AnswerWith), call.ReturnVariable!));
        }
        foreach (var call in calls)
            Bind(call, time, loaded);
    }

    private static void Bind(MethodCall call, TimeFrame time, Dictionary<AggregateParameter, Variable> loaded)
    {
        foreach (var (i, parameter) in call.Method.GetParameters().Index())
        {
            if (parameter.ParameterType == typeof(DateTimeOffset))
                call.Arguments[i] = time.Now;
            var aggregate = loaded.FirstOrDefault(l => l.Key.Name == parameter.Name).Value;
            if (aggregate is not null)
                call.Arguments[i] = aggregate;
        }
    }
}

/// <summary>Ends the round after a <c>Refusal?</c> from <c>Validate</c>.</summary>
internal sealed class RefusalStrategy : IContinuationStrategy
{
    public bool TryFindContinuationHandler(IChain chain, MethodCall call, out Frame? frame)
    {
        var refusal = call.Creates.FirstOrDefault(v => v.VariableType == typeof(Refusal));
        frame = refusal is null ? null : new RefusalFrame(refusal);
        return frame is not null;
    }
}

/// <summary>Passes the return value of <c>Handle</c> to the decision.</summary>
internal sealed class ReturnValueToDecision : IReturnVariableActionSource
{
    public static readonly ReturnValueToDecision Instance = new();

    public IReturnVariableAction Build(IChain chain, Variable variable) => new Passing(variable);

    private sealed class Passing(Variable variable) : IReturnVariableAction
    {
        public string Description => "Passes events and effects to the decision";

        public IEnumerable<Type> Dependencies() => [];

        public IEnumerable<Frame> Frames() => [new PassToDecisionFrame(nameof(Decision.Take), variable)];
    }
}
