using JasperFx.CodeGeneration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;
using Veza.EventStore.Postgres;
using Veza.Reactors.Running;
using Wolverine;
using Wolverine.Runtime;

namespace Veza.Reactors.Tests;

/// <summary>One server for the class; each test has its own log in its own database.</summary>
public sealed class ReactorServer : IAsyncLifetime
{
    private static readonly EventTypes Types = EventTypes.DerivedFrom(typeof(Event));
    private LocalPostgres? _postgres;

    public async ValueTask InitializeAsync() => _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    /// <returns>The connection string of a new database.</returns>
    public async Task<string> NewDatabaseAsync()
    {
        var name = $"log_{Guid.CreateVersion7():N}";
        await using var admin = NpgsqlDataSource.Create(_postgres!.ConnectionString);
        await using var create = admin.CreateCommand($"create database {name}");
        await create.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Database = name }.ConnectionString;
    }

    /// <summary>A node of a log, with the bell.</summary>
    public static async Task<BellNode> StartAsync(string database, Tower tower, ILoggerProvider? logs = null)
    {
        var log = await EventLog.OpenAsync(
            database,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        var builder = Host.CreateEmptyApplicationBuilder(null);
        if (logs is not null)
            builder.Logging.AddProvider(logs);
        builder.Services.AddSingleton(log).AddSingleton(tower).AddSingleton(TimeProvider.System);
        builder.UseWolverine(options =>
        {
            options.RunVezaCommands(new Limits());
            options.RunReactors(log, typeof(Bell).Assembly, Reactor.Of(typeof(Bell).Assembly));
            options.CodeGeneration.TypeLoadMode = TypeLoadMode.Dynamic;
            options.UseRuntimeCompilation();
        });
        var host = builder.Build();
        await host.StartAsync();
        return new(log, host);
    }
}

/// <summary>A log and the host of its reactors.</summary>
public sealed class BellNode(EventLog log, IHost host) : IAsyncDisposable
{
    private static readonly Uri Queue = new($"local://{Bell.Name}");

    public EventLog Log => log;
    public ReactorTables Tables { get; } = host.Services.GetRequiredService<ReactorTables>();
    internal ReactorService Service { get; } = host.Services.GetRequiredService<ReactorService>();
    public IWolverineRuntime Wolverine { get; } = host.Services.GetRequiredService<IWolverineRuntime>();

    public async Task<QueueState> StateAsync() =>
        (await Tables.StatesAsync(CancellationToken.None)).GetValueOrDefault(Queue.ToString()) ?? new(0, null, 0, null);

    public Task<int> RetryAsync() => Tables.RetryAsync(Queue, CancellationToken.None);

    public Task<int> SkipAsync() => Tables.SkipAsync(Queue, CancellationToken.None);

    /// <summary>Each event in a stream of its own.</summary>
    public async Task AppendAsync(params Event[] events)
    {
        foreach (var e in events)
            await AppendAsync(Guid.CreateVersion7(), e);
    }

    public async Task AppendAsync(Guid stream, params Event[] events) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(stream, "bell", 0, events)], []))
        );

    /// <summary>Waits until every event of the log is done or a dead letter.</summary>
    public Task DoneAsync() =>
        Eventually.TrueAsync(
            // The checkpoint first: an event that moves from the log into the queue meanwhile is in one of them.
            async () =>
                await CheckpointAsync() >= await log.Reader.HeadAsync(CancellationToken.None)
                && (await StateAsync()).Waiting == 0,
            what: "the bell is done"
        );

    public async Task<long> CheckpointAsync()
    {
        await using var find = log.Database.CreateCommand(
            $"select last_seq_id from log.mt_event_progression where name = '{Bell.Name}'"
        );
        return await find.ExecuteScalarAsync() as long? ?? 0;
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
        await log.DisposeAsync();
    }
}
