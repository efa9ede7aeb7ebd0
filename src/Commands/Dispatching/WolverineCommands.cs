using System.Reflection;
using FluentValidation;
using JasperFx.CodeGeneration;
using Microsoft.Extensions.DependencyInjection;
using Wolverine;
using Wolverine.Middleware;

namespace Veza.Commands.Dispatching;

/// <summary>Configures Wolverine to run Veza's commands.</summary>
public static class WolverineCommands
{
    /// <summary>The assembly of the commands, their handlers and the code generated for them.</summary>
    public static Assembly Room => typeof(WolverineCommands).Assembly;

    /// <summary>Finds the handlers and validators of this assembly, and loads the code generated for them.</summary>
    /// <remarks>
    /// The code is pre-built: <c>./veza codegen</c> writes it to <c>Internal/Generated</c>, and it is compiled with the
    /// rest. A test fails when it is stale. So no compiler runs at run time, and a review shows what a handler does.
    /// </remarks>
    public static void RunVezaCommands(this WolverineOptions options, Limits limits)
    {
        options.ApplicationAssembly = Room;
        options.CodeGeneration.TypeLoadMode = TypeLoadMode.Static;
        // Commands run in the process that sends them: without queues, agents and tables.
        options.Durability.Mode = DurabilityMode.MediatorOnly;
        options.CodeGeneration.AddContinuationStrategy<RefusalStrategy>();
        options.Policies.Add<DecisionPolicy>();
        options.Services.AddSingleton(limits);
        foreach (var (command, validator) in Validators())
            options.Services.AddSingleton(command, validator);
    }

    private static IEnumerable<(Type Of, Type Validator)> Validators() =>
        from type in Room.GetTypes()
        where type is { IsAbstract: false, IsClass: true }
        from implemented in type.GetInterfaces()
        where implemented.IsGenericType && implemented.GetGenericTypeDefinition() == typeof(IValidator<>)
        select (implemented, type);
}
