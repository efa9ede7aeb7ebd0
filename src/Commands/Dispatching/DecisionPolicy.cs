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
/// Has Wolverine generate, around each command's handler, the decision over aggregates from the cache that is
/// appended through the log and taken again when a version conflicts.
/// </summary>
/// <remarks>A handler that cannot be run so is an error when the host starts and when the code is generated.</remarks>
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
    /// Where another room's reactors run too, the generated code that Wolverine looks for is that room's: commands'
    /// stands here.
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
        // What the handler returns goes to the decision, not to a queue.
        chain.ReturnVariableActionSource = TakesWhatHappened.Instance;
        // Brings the call of Validate, and the refusal's early exit after it.
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
            chain.Postprocessors.Add(new GiveFrame(nameof(Decision.Tell), call.ReturnVariable!));
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

/// <summary>A <c>Refusal?</c> from <c>Validate</c> ends the round.</summary>
internal sealed class RefusalStrategy : IContinuationStrategy
{
    public bool TryFindContinuationHandler(IChain chain, MethodCall call, out Frame? frame)
    {
        var refusal = call.Creates.FirstOrDefault(v => v.VariableType == typeof(Refusal));
        frame = refusal is null ? null : new RefusalFrame(refusal);
        return frame is not null;
    }
}

/// <summary>What <c>Handle</c> returns is taken into the decision.</summary>
internal sealed class TakesWhatHappened : IReturnVariableActionSource
{
    public static readonly TakesWhatHappened Instance = new();

    public IReturnVariableAction Build(IChain chain, Variable variable) => new Taking(variable);

    private sealed class Taking(Variable variable) : IReturnVariableAction
    {
        public string Description => "Takes events and effects into the decision";

        public IEnumerable<Type> Dependencies() => [];

        public IEnumerable<Frame> Frames() => [new GiveFrame(nameof(Decision.Take), variable)];
    }
}
