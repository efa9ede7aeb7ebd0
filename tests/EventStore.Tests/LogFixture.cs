using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;
using Veza.EventStore.Postgres;

[assembly: AssemblyFixture(typeof(Veza.EventStore.Tests.LogFixture))]

namespace Veza.EventStore.Tests;

public abstract record CounterEvent;

public sealed record Counted(Guid Id, int By, string Note = "") : CounterEvent;

public sealed record Cleared(Guid Id) : CounterEvent;

/// <summary>An event that its aggregate cannot fold.</summary>
public sealed record Poisoned(Guid Id) : CounterEvent;

public sealed record Counter(Guid Id, int Total)
{
    public static Counter Create(Counted e) => new(e.Id, e.By);

    public Counter Apply(Counted e) => this with { Total = Total + e.By };

    public Counter Apply(Cleared _) => this with { Total = 0 };

    public Counter Apply(Poisoned _) => throw new InvalidOperationException("this event cannot be folded");
}

/// <summary>One PostgreSQL for the assembly; each test that counts positions opens a database of its own.</summary>
public sealed class LogFixture : IAsyncLifetime
{
    private LocalPostgres? _postgres;
    private int _databases;

    public static EventTypes Types { get; } = EventTypes.DerivedFrom(typeof(CounterEvent));

    public async ValueTask InitializeAsync() => _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    /// <summary>The connection string of a new, empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var name = $"log_{Interlocked.Increment(ref _databases)}";
        await using var database = Npgsql.NpgsqlDataSource.Create(_postgres!.ConnectionString);
        await using var create = database.CreateCommand($"create database {name}");
        await create.ExecuteNonQueryAsync();
        return new Npgsql.NpgsqlConnectionStringBuilder(_postgres.ConnectionString)
        {
            Database = name,
        }.ConnectionString;
    }

    public static Task<EventLog> OpenAsync(string connectionString) =>
        EventLog.OpenAsync(
            connectionString,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

    public async Task<EventLog> OpenNewAsync() => await OpenAsync(await NewDatabaseAsync());

    public static StreamChange Change(Guid stream, long expected, params object[] events) =>
        new(stream, "counter", expected, events);

    public static AppendRequest Command(params StreamChange[] changes) => new(Guid.CreateVersion7(), changes, []);
}
