using JasperFx;
using JasperFx.CodeGeneration;
using JasperFx.CodeGeneration.Frames;
using JasperFx.CodeGeneration.Model;
using JasperFx.Core.Reflection;
using Wolverine.Configuration;
using Wolverine.Runtime.Handlers;

namespace Veza.Reactors.Running;

/// <summary>
/// Makes Wolverine generate code around each reactor's handler that reads its event from the log, and adds the rules
/// for a message that fails.
/// </summary>
internal sealed class ReactorPolicy(IReadOnlyList<Reactor> reactors) : IHandlerPolicy
{
    /// <summary>Processing a track may take hours. A handler also ends when its node stops.</summary>
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

/// <summary>Begins the run of an event, and ends it with the handler's outcome.</summary>
internal sealed class ReactorFrame : AsyncFrame
{
    private const string Name = "run";
    private readonly Type _messageType;
    private Variable? _runs;
    private Variable? _message;

    public ReactorFrame(Type e, Type message)
    {
        Wraps = true;
        _messageType = message;
        Event = new Variable(typeof(AppendedEvent<>).MakeGenericType(e), $"{Name}.Event", this);
        Stopping = new Variable(typeof(CancellationToken), $"{Name}.Stopping", this);
    }

    public Variable Event { get; }
    public Variable Stopping { get; }

    public override IEnumerable<Variable> FindVariables(IMethodVariables chain)
    {
        yield return _message = chain.FindVariable(_messageType);
        yield return _runs = chain.FindVariable(typeof(ReactorRuns));
    }

    public override void GenerateCode(GeneratedMethod method, ISourceWriter writer)
    {
        var begin = $"{_runs!.Usage}.{nameof(ReactorRuns.BeginAsync)}(context, {_message!.Usage}, cancellation)";
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
