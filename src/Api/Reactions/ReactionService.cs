using Veza.EventStore;
using Veza.EventStore.Reactions;

namespace Veza.Api.Reactions;

/// <summary>Runs every registered <see cref="IReaction"/> for as long as the host runs.</summary>
internal sealed class ReactionService(ReactionHost reactions) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        reactions.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => reactions.DisposeAsync().AsTask();
}

public static class ReactionServices
{
    /// <summary>Those that were registered; a node's roles say which.</summary>
    public static void RunReactions(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ReactionHost(provider.GetRequiredService<EventLog>(), provider.GetServices<IReaction>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        services.AddHostedService<ReactionService>();
    }
}
