using System.Reflection;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Events;
using Veza.EventStore.Marten;
using Veza.EventStore.Postgres;
using Veza.EventStore.Projections;
using Veza.Projections;
using Veza.Projections.Registry;
using Wolverine.Runtime;

namespace Veza.Fixtures;

/// <summary>
/// The production log, handlers and projections over their own PostgreSQL, one for all tests of an assembly. Tests stay
/// apart by their own ids.
/// </summary>
public sealed class TestLog : IHandledLog, IAsyncLifetime
{
    private LocalPostgres? _postgres;
    private ProjectionHost? _projections;
    private IHost? _host;

    /// <summary>The time that commands get; a test may move it.</summary>
    public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static EventTypes EventTypes { get; } =
        EventTypes.DerivedFrom(
            typeof(DomainEvent),
            json =>
            {
                json.Converters.Add(new Domain.Chat.Roles.PermissionJson());
                json.Converters.Add(
                    new System.Text.Json.Serialization.JsonStringEnumConverter(
                        System.Text.Json.JsonNamingPolicy.CamelCase
                    )
                );
            },
            new(
                p => p.GetCustomAttribute<PersonalAttribute>()?.Owner,
                t => t.GetCustomAttribute<ErasesAttribute>()?.Account
            )
        );

    /// <summary>The key secret of every log on this database.</summary>
    public static byte[] KeySecret { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    public EventLog Log { get; private set; } = null!;
    IDecisionLog IHandledLog.Log => Log;
    public CommandBus CommandBus => _host!.Services.GetRequiredService<CommandBus>();

    /// <inheritdoc/>
    public IWolverineRuntime Wolverine => _host!.Services.GetRequiredService<IWolverineRuntime>();

    /// <summary>The same log through the product's Marten store.</summary>
    public DocumentStore Marten { get; private set; } = null!;
    public ReadModels Views { get; private set; } = null!;
    public ProjectionHost Projections => _projections!;
    public string ConnectionString => _postgres!.ConnectionString;

    /// <summary>The read models, without the index of topics.</summary>
    public static IReadOnlyList<IProjection> AllProjections() => ProjectionRegistry.ReadModels();

    public async ValueTask InitializeAsync()
    {
        // These tests do not depend on the disk; the fault tests do and start their own server.
        _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);
        Log = await EventLog.OpenAsync(
            ConnectionString,
            EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: new(KeySecret)
        );
        _host = await HandlerHost.StartAsync(provider =>
            new(provider.GetRequiredService<IWolverineRuntime>(), Log, () => Now)
        );
        Marten = OpenMarten();
        Views = new(Log.Database);
        _projections = await ProjectionHost.OpenAsync(
            Log,
            ConnectionString,
            AllProjections(),
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        _projections.Start();
    }

    public async ValueTask DisposeAsync()
    {
        if (_projections is not null)
            await _projections.DisposeAsync();
        if (Marten is not null)
            await Marten.DisposeAsync();
        if (_host is not null)
            await _host.StopAsync();
        _host?.Dispose();
        if (Log is not null)
            await Log.DisposeAsync();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    /// <param name="more">Registers projections and the schema of their documents.</param>
    public DocumentStore OpenMarten(Action<StoreOptions>? more = null) =>
        DocumentStore.For(options =>
        {
            options.Connection(ConnectionString);
            options.DatabaseSchemaName = "documents";
            options.OpenVezaLog(Log.Cipher, typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsAggregate));
            more?.Invoke(options);
        });

    /// <summary>Waits until every projection has reached the log's head.</summary>
    public Task ProjectedAsync() =>
        Projections.WaitAsync(Projections.Status.Select(s => s.Name), Log.Head, TestContext.Current.CancellationToken);

    public async Task<DomainEvent[]> EventsOfAsync(Guid command, long after)
    {
        var events = await Log.Reader.ReadAsync(after, long.MaxValue, 1000, null, null, CancellationToken.None);
        return [.. events.Where(e => e.CommandId == command).Select(e => (DomainEvent)e.Data!)];
    }
}
