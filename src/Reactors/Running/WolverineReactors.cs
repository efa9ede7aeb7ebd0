using System.Reflection;
using JasperFx.CodeGeneration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Veza.Commands.Dispatching;
using Veza.EventStore.Events;
using Wolverine;
using Wolverine.ErrorHandling;
using Wolverine.Postgresql;
using Wolverine.Runtime;

namespace Veza.Reactors.Running;

/// <summary>Configures Wolverine to run reactors.</summary>
public static class WolverineReactors
{
    /// <summary>The queue of reactors' delayed commands.</summary>
    public static readonly (string Name, Uri Address) CommandQueue = ("commands", new("local://commands"));

    /// <summary>Commands of that queue that run at the same time on a node.</summary>
    private const int CommandsAtOnceMax = 8;

    /// <summary>
    /// How often Wolverine looks for due messages and for messages of dead nodes, with one indexed statement each. A
    /// delayed command may be late by this much.
    /// </summary>
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After this time without a heartbeat, other nodes take a node's messages. If the node is only slow, both handle
    /// them, which handlers tolerate.
    /// </summary>
    private static readonly TimeSpan NodeIsGoneAfter = TimeSpan.FromSeconds(10);

    /// <summary>How often a node sends its heartbeat and checks those of others.</summary>
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a stopping node waits for its reactors' handlers, which it cancels when it begins to stop.
    /// </summary>
    private static readonly TimeSpan DrainFor = TimeSpan.FromSeconds(5);

    internal static Assembly Room => typeof(WolverineReactors).Assembly;

    /// <summary>The reactors of the product.</summary>
    public static IReadOnlyList<Reactor> All { get; } = Reactor.Of(Room);

    /// <summary>Runs the reactors in this process, with their queues in the log's database.</summary>
    /// <remarks>
    /// Call it after <see cref="WolverineCommands.RunVezaCommands"/>. Reactors depend on singletons only.
    /// </remarks>
    public static void RunVezaReactors(this WolverineOptions options, EventLog log) =>
        options.RunReactors(log, Room, All);

    /// <summary>Registers the reactors for code generation, without a log.</summary>
    public static void DescribeVezaReactors(this WolverineOptions options)
    {
        // The generated code must take the reactors' dependencies as singletons.
        foreach (var needed in All.SelectMany(r => r.Handler.GetConstructors()).SelectMany(c => c.GetParameters()))
            options.Services.TryAddSingleton(needed.ParameterType, _ => throw new NotSupportedException());
        options.RunReactors(null, Room, All);
    }

    /// <param name="log">Null for code generation, where nothing runs.</param>
    /// <param name="room">The assembly of the reactors and of the code generated for them.</param>
    internal static void RunReactors(
        this WolverineOptions options,
        EventLog? log,
        Assembly room,
        IReadOnlyList<Reactor> reactors
    )
    {
        options.Discovery.IncludeAssembly(WolverineCommands.Room);
        options.ApplicationAssembly = room;
        // With Static, Wolverine would look for the commands' code in this assembly too.
        options.CodeGeneration.TypeLoadMode = TypeLoadMode.Auto;
        options.UseStaticRegistries();
        options.Discovery.CustomizeHandlerDiscovery(types => types.Includes.WithAttribute<ReactorAttribute>());
        options.Policies.Add(new ReactorPolicy(reactors));
        foreach (var reactor in reactors)
        {
            var queue = options.LocalQueue(reactor.Name).UseDurableInbox().MaximumParallelMessages(reactor.AtOnceMax);
            if (reactor.RestFor > TimeSpan.Zero)
                queue.CircuitBreaker(breaker => breaker.PauseTime = reactor.RestFor);
        }
        options
            .Policies.ConfigureConventionalLocalRouting()
            .Named(_ => CommandQueue.Name)
            .CustomizeQueues((_, queue) => queue.UseDurableInbox().MaximumParallelMessages(CommandsAtOnceMax));
        // A retry would be refused again. The operator sees the command among the dead letters.
        options.Policies.OnException<CommandRefusedException>().MoveToErrorQueue();
        AddServices(options, reactors);
        if (log is null)
            return;
        options.Services.AddHostedService(provider => provider.GetRequiredService<ReactorService>());
        options.PersistMessagesWithPostgresql(log.ProcessorsDatabase, ReactorTables.Schema);
        Balance(options.Durability);
    }

    private static void AddServices(WolverineOptions options, IReadOnlyList<Reactor> reactors)
    {
        options.Services.TryAddSingleton<ReactorQueues>();
        options.Services.AddSingleton(provider => new ReactorTables(
            provider.GetRequiredService<EventLog>().ProcessorsDatabase
        ));
        options.Services.AddSingleton(provider => new ReactorRuns(
            provider.GetRequiredService<EventLog>(),
            provider.GetRequiredService<ReactorTables>(),
            reactors,
            provider.GetRequiredService<IHostApplicationLifetime>(),
            provider.GetRequiredService<ILogger<ReactorRuns>>()
        ));
        options.Services.AddSingleton(provider => new ReactorService(
            provider.GetRequiredService<EventLog>(),
            reactors,
            provider.GetRequiredService<ReactorRuns>(),
            provider.GetRequiredService<ReactorTables>(),
            provider.GetRequiredService<ReactorQueues>(),
            provider.GetRequiredService<IWolverineRuntime>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()
        ));
    }

    private static void Balance(DurabilitySettings durability)
    {
        durability.Mode = DurabilityMode.Balanced;
        durability.ScheduledJobFirstExecution = PollEvery;
        durability.ScheduledJobPollingTime = PollEvery;
        durability.OrphanedMessageSweepPollingTime = PollEvery;
        durability.FirstHealthCheckExecution = PollEvery;
        durability.HealthCheckPollingTime = BeatEvery;
        durability.CheckAssignmentPeriod = BeatEvery;
        durability.StaleNodeTimeout = NodeIsGoneAfter;
        durability.DrainTimeout = DrainFor;
        durability.DurabilityMetricsEnabled = false;
        durability.NodeAssignmentHealthCheckTracingEnabled = false;
    }
}
