using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Music.Charts;
using Veza.Projections.Registry;
using Veza.Projections.Social.Follows;
using Veza.Realtime.Engine;
using Veza.Realtime.Music.Charts;
using Veza.Realtime.Presence;
using Veza.Realtime.Sockets;

namespace Veza.Realtime;

/// <summary>Registers the live engine, presence and the hub.</summary>
public static class RealtimeServices
{
    public static void AddRealtime(this IServiceCollection services, RealtimeLimits limits)
    {
        services.AddSingleton(limits);
        services.AddSingleton<LiveConnections>();
        services.AddSingleton<ConnectionHeartbeat>();
        services.AddSingleton<TransientFaults>();
        services.AddSingleton(provider => new TopicAccess(
            provider.GetRequiredService<EventLog>(),
            provider.GetRequiredService<ChatQueries>(),
            provider.GetRequiredService<RoleQueries>(),
            provider.GetRequiredService<FollowQueries>(),
            provider.GetRequiredService<ProjectionHost>().WaitAsync,
            limits,
            provider.GetRequiredService<LogReadRecorded>()
        ));
        services.AddSingleton(provider => new LiveEngine(
            provider.GetRequiredService<EventLog>(),
            TopicRegistry.Map,
            new ItemShapes(EventShapes.All),
            provider.GetRequiredService<TopicAccess>(),
            limits,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()
        ));
        services.AddSingleton(provider => provider.GetRequiredService<LiveEngine>().Sessions);
        services.AddSingleton(provider => new LiveCharts(
            provider.GetRequiredService<EventLog>(),
            provider.GetRequiredService<ChartQueries>(),
            provider.GetRequiredService<ProjectionHost>().WaitAsync,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LiveCharts>>()
        ));
        services.AddHostedService<LiveHost>();
        services.AddSingleton(new PresenceLimits());
        services.AddSingleton<PresenceService>();
        services.AddHostedService(provider => provider.GetRequiredService<PresenceService>());
        // A refused subscription is an expected answer, which SignalR would log as an error with a stack trace.
        services.AddLogging(logging =>
            logging.AddFilter("Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher", LogLevel.Critical)
        );
        services
            .AddSignalR(hub =>
            {
                // When LiveSocket calls its heartbeat, the hub pings after a silence of this length or more.
                hub.KeepAliveInterval = RealtimeLimits.PingAnsweredAfter(limits.KeepAlive);
                hub.ClientTimeoutInterval = limits.KeepAlive + limits.StallMax;
                hub.HandshakeTimeout = limits.HandshakeMax;
                hub.MaximumReceiveMessageSize = limits.ReceiveBytesMax;
            })
            .AddJsonProtocol(protocol => protocol.PayloadSerializerOptions.Converters.Add(new LiveMessageConverter()));
        // SignalR takes the later of two protocols with one name.
        services.AddSingleton<IHubProtocol, LiveHubProtocol>();
    }

    /// <summary>
    /// Starts the engine with the host. At a stop it ends the subscriptions before the host closes the connections.
    /// </summary>
    private sealed class LiveHost(
        LiveEngine engine,
        LiveCharts charts,
        EventLog log,
        LiveConnections connections,
        TimeProvider clock,
        IHostApplicationLifetime lifetime
    ) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            // Before any client can connect: the clients of the previous process come back together.
            await log.FillTailAsync(cancellationToken);
            engine.Start();
            // The newest registration runs first. SignalR's, which aborts every connection, is older: mapping the hub
            // made it.
            lifetime.ApplicationStopping.Register(() => FarewellAsync().GetAwaiter().GetResult());
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private async Task FarewellAsync()
        {
            charts.Stop();
            await engine.FarewellAsync();
            // A client that has read its last message closes the connection itself. Aborting the connection earlier
            // could lose that message.
            try
            {
                await connections.EmptiedAsync().WaitAsync(engine.Limits.FarewellMax, clock);
            }
            catch (TimeoutException)
            { /* The host aborts the remaining connections; their clients resume from their positions. */
            }
        }
    }
}
