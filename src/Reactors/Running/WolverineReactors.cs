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

/// <summary>Sets Wolverine up to run reactors.</summary>
public static class WolverineReactors
{
    /// <summary>The queue of commands that follow from events at a time to come.</summary>
    public static readonly (string Name, Uri Address) CommandQueue = ("commands", new("local://commands"));

    /// <summary>Commands of that queue worked on at the same time on a node.</summary>
    private const int CommandsAtOnceMax = 8;

    /// <summary>
    /// Of waits and of what another node left: one indexed statement each. What a reactor waits for shall not be late
    /// by more than a second.
    /// </summary>
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After this without a sign of life a node's messages are taken by others. Of nodes that live but are so slow,
    /// both handle them, which handlers bear.
    /// </summary>
    private static readonly TimeSpan NodeIsGoneAfter = TimeSpan.FromSeconds(10);

    /// <summary>Signs of life, and looks for those of others.</summary>
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A reactor's handler is told to end when the node begins to stop; those that do not in this time are left.
    /// </summary>
    private static readonly TimeSpan DrainFor = TimeSpan.FromSeconds(5);

    internal static Assembly Room => typeof(WolverineReactors).Assembly;

    /// <summary>Of the product.</summary>
    public static IReadOnlyList<Reactor> All { get; } = Reactor.Of(Room);

    /// <summary>Runs reactors in this process, their queues in the log's database.</summary>
    /// <remarks>
    /// After <see cref="WolverineCommands.RunVezaCommands"/>; what they are made from are singletons.
    /// </remarks>
    public static void RunVezaReactors(this WolverineOptions options, EventLog log) =>
        options.RunReactors(log, Room, All);

    /// <summary>What <see cref="RunVezaReactors"/> has handlers generated from, without a log.</summary>
    public static void DescribeVezaReactors(this WolverineOptions options)
    {
        // All that reactors are made from are singletons.
        foreach (var needed in All.SelectMany(r => r.Handler.GetConstructors()).SelectMany(c => c.GetParameters()))
            options.Services.TryAddSingleton(needed.ParameterType, _ => throw new NotSupportedException());
        options.RunReactors(null, Room, All);
    }

    /// <param name="log">Null: nothing runs, as when code is generated.</param>
    /// <param name="room">Where the reactors and the code generated for them are.</param>
    internal static void RunReactors(
        this WolverineOptions options,
        EventLog? log,
        Assembly room,
        IReadOnlyList<Reactor> reactors
    )
    {
        options.Discovery.IncludeAssembly(WolverineCommands.Room);
        options.ApplicationAssembly = room;
        // Static would look for the commands' code in this room too.
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
        foreach (var e in reactors.SelectMany(reactor => reactor.Events).Distinct())
            options.RegisterMessageType(
                typeof(Appended<>).MakeGenericType(e),
                $"appended_{EventTypes.SnakeCase(e.Name)}"
            );
        options
            .Policies.ConfigureConventionalLocalRouting()
            .Named(_ => CommandQueue.Name)
            .CustomizeQueues((_, queue) => queue.UseDurableInbox().MaximumParallelMessages(CommandsAtOnceMax));
        // A command that is refused then will be refused for ever; the operator sees it among the dead letters.
        options.Policies.OnException<CommandRefusedException>().MoveToErrorQueue();
        AddServices(options, reactors);
        if (log is null)
            return;
        options.Services.AddHostedService(provider => provider.GetRequiredService<ReactorService>());
        options.PersistMessagesWithPostgresql(log.RunnersDatabase, ReactorTables.Schema);
        Balance(options.Durability);
    }

    private static void AddServices(WolverineOptions options, IReadOnlyList<Reactor> reactors)
    {
        options.Services.TryAddSingleton<ReactorQueues>();
        options.Services.AddSingleton(provider => new ReactorTables(
            provider.GetRequiredService<EventLog>().RunnersDatabase
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
