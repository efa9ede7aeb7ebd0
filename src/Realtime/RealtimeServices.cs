using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Projections.Chat;
using Veza.Projections.Music.Charts;
using Veza.Projections.Social.Follows;
using Veza.Realtime.Music.Charts;
using Veza.Realtime.Presence;
using Veza.Realtime.Sockets;

namespace Veza.Realtime;

/// <summary>The engine of the live topics and the hub, as services.</summary>
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
            provider.GetRequiredService<FollowQueries>(),
            provider.GetRequiredService<ProjectionHost>().WaitAsync,
            limits,
            provider.GetRequiredService<LogReadRecorded>()
        ));
        services.AddSingleton(provider => new LiveEngine(
            provider.GetRequiredService<EventLog>(),
            TopicMap.OfAllCapabilities(),
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
        // A refused subscription is an expected "no", which SignalR would log as an error, with its stack.
        services.AddLogging(logging =>
            logging.AddFilter("Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher", LogLevel.Critical)
        );
        services
            .AddSignalR(hub =>
            {
                // The least silence that it breaks when it is told to look.
                hub.KeepAliveInterval = RealtimeLimits.PingAnsweredAfter(limits.KeepAlive);
                hub.ClientTimeoutInterval = limits.KeepAlive + limits.StallMax;
                hub.HandshakeTimeout = limits.HandshakeMax;
                hub.MaximumReceiveMessageSize = limits.ReceiveBytesMax;
            })
            .AddJsonProtocol(protocol => protocol.PayloadSerializerOptions.Converters.Add(new LiveMessageConverter()));
        // Of two with one name the later is taken.
        services.AddSingleton<IHubProtocol, LiveHubProtocol>();
    }

    /// <summary>Starts the engine with the host, and says farewell before the host closes the connections.</summary>
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
            // Before anybody can connect: those whom the process before this one served come back all at once.
            await log.FillTailAsync(cancellationToken);
            engine.Start();
            // The newest registration runs first. SignalR's own, which cuts every connection, is older: it was made
            // when the hub was mapped.
            lifetime.ApplicationStopping.Register(() => FarewellAsync().GetAwaiter().GetResult());
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private async Task FarewellAsync()
        {
            charts.Stop();
            await engine.FarewellAsync();
            // Whoever was told leaves by himself, and surely has it then: a connection that is cut loses what is still
            // on its way.
            try
            {
                await connections.EmptiedAsync().WaitAsync(engine.Limits.FarewellMax, clock);
            }
            catch (TimeoutException)
            { /* Those who stay are cut, and go on from where they were. */
            }
        }
    }
}
