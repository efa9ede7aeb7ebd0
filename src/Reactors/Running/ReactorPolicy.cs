using JasperFx;
using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Frames;
using JasperFx.CodeGeneration.Model;
using JasperFx.Core.Reflection;
using Wolverine.Configuration;
using Wolverine.Runtime.Handlers;

namespace Veza.Reactors.Running;

/// <summary>
/// Has Wolverine generate, around each reactor's handler, the look at the log for its event; says what becomes of a
/// message that fails.
/// </summary>
internal sealed class ReactorPolicy(IReadOnlyList<Reactor> reactors) : IHandlerPolicy
{
    /// <summary>Tracks take hours to process, and a handler ends with its node.</summary>
    private const int ExecutionSecondsMax = 24 * 3600;

    public void Apply(IReadOnlyList<HandlerChain> chains, GenerationRules rules, IServiceContainer container)
    {
        foreach (var chain in chains)
            if (Reactor.EventOf(chain.MessageType) is { } e && chain.Handlers is [var handle])
                Apply(chain, handle, e, reactors.Single(reactor => reactor.Handler == handle.HandlerType));
    }

    private static void Apply(HandlerChain chain, MethodCall handle, Type e, Reactor reactor)
    {
        chain.ExecutionTimeoutInSeconds = ExecutionSecondsMax;
        ReactorFailures.Apply(chain, reactor);
        var run = new ReactorFrame(e, chain.MessageType);
        chain.Middleware.Insert(0, run);
        foreach (var (i, parameter) in handle.Method.GetParameters().Index())
        {
            if (parameter.ParameterType == run.Event.VariableType)
                handle.Arguments[i] = run.Event;
            if (parameter.ParameterType == typeof(CancellationToken))
                handle.Arguments[i] = run.Stopping;
        }
    }
}

/// <summary>Begins the run of an event, and ends it however the handler ends.</summary>
internal sealed class ReactorFrame : AsyncFrame
{
    private const string Name = "run";
    private readonly Type _message;
    private Variable? _runs,
        _given;

    public ReactorFrame(Type e, Type message)
    {
        Wraps = true;
        _message = message;
        Event = new Variable(typeof(AppendedEvent<>).MakeGenericType(e), $"{Name}.Event", this);
        Stopping = new Variable(typeof(CancellationToken), $"{Name}.Stopping", this);
    }

    public Variable Event { get; }
    public Variable Stopping { get; }

    public override IEnumerable<Variable> FindVariables(IMethodVariables chain)
    {
        yield return _given = chain.FindVariable(_message);
        yield return _runs = chain.FindVariable(typeof(ReactorRuns));
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        var begin = $"{_runs!.Usage}.{nameof(ReactorRuns.BeginAsync)}(context, {_given!.Usage}, cancellation)";
        writer.Write($"using var {Name} = await {begin}.ConfigureAwait(false);");
        writer.Write($"if ({Name} is null) return;");
        writer.Write("BLOCK:try");
        Next?.GenerateCode(method, writer);
        writer.Write($"{Name}.Succeeded();");
        writer.FinishBlock();
        writer.Write($"BLOCK:catch ({typeof(Exception).FullNameInCode()} fault)");
        writer.Write($"{Name}.Failed(fault);");
        writer.Write("throw;");
        writer.FinishBlock();
    }
}
