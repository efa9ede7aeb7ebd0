using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.EventStore;
using Wolverine.Runtime;

namespace Veza.Fixtures;

/// <summary>The production handlers over a log in memory, for given/when/then tests of commands.</summary>
/// <remarks>
/// One instance serves all tests of an assembly; tests stay apart by their own ids. A test of PostgreSQL's promises
/// needs <see cref="TestLog"/> instead: concurrent appends, names across nodes, answers after a restart.
/// </remarks>
public sealed class Rules : IHandledLog, IAsyncLifetime
{
    private readonly MemoryLog _log = new(TestLog.EventTypes);
    private IHost? _host;

    public DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public IDecisionLog Log => _log;
    public IWolverineRuntime Wolverine => _host!.Services.GetRequiredService<IWolverineRuntime>();

    public async ValueTask InitializeAsync() =>
        _host = await HandlerHost.StartAsync(provider => new CommandBus(
            provider.GetRequiredService<IWolverineRuntime>(),
            _log,
            () => Now
        ));

    public Task<DomainEvent[]> EventsOfAsync(Guid command, long after) => Task.FromResult(_log.EventsOf(command));

    /// <returns>All events of a stream, in order.</returns>
    public DomainEvent[] StreamOf(Guid stream) => _log.StreamOf(stream);

    public async ValueTask DisposeAsync()
    {
        if (_host is null)
            return;
        await _host.StopAsync();
        _host.Dispose();
    }
}
