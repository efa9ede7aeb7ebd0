using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;
using Veza.EventStore.Reactions;
using Veza.EventStore.Running;

namespace Veza.EventStore.Tests.Reactions;

public abstract record Event;
public sealed record Rang(int Number) : Event;
public sealed record Fell(int Number) : Event;

/// <summary>One server for the class; each test has a log of its own in a database of its own.</summary>
public sealed class ReactionServer : IAsyncLifetime
{
    private static readonly EventTypes Types = EventTypes.DerivedFrom(typeof(Event));
    private LocalPostgres? _postgres;

    public async ValueTask InitializeAsync() => _postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);

    public async Task<EventLog> OpenAsync()
    {
        var name = $"log_{Guid.CreateVersion7():N}";
        await using (var admin = NpgsqlDataSource.Create(_postgres!.ConnectionString))
        await using (var create = admin.CreateCommand($"create database {name}")) await create.ExecuteNonQueryAsync();
        var connection = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Database = name };
        return await EventLog.OpenAsync(connection.ConnectionString, Types, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
    }

    /// <summary>For another node of the same log.</summary>
    public string ConnectionString(EventLog log)
    {
        using var connection = log.Database.CreateConnection();
        return new NpgsqlConnectionStringBuilder(_postgres!.ConnectionString) { Database = connection.Database }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null) await _postgres.DisposeAsync();
    }
}

/// <summary>Notes what it is given; a test may let it fail or hold it back by the event's number.</summary>
internal sealed class Bell(int concurrencyMax = 1) : IReaction
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _begun = new();

    public string Name => "test.bell.v1";
    public IReadOnlySet<Type> Events { get; } = new HashSet<Type> { typeof(Rang) };
    public int ConcurrencyMax => concurrencyMax;
    public ConcurrentQueue<int> Done { get; } = new();
    public ConcurrentDictionary<int, int> Attempts { get; } = new();
    public Func<int, int, bool> Fails { get; set; } = (_, _) => false;

    /// <summary>What fails, fails for good.</summary>
    public bool GivesUp { get; init; }

    public void Hold(int number) => _gates[number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public void LetGo(int number) => _gates[number].TrySetResult();

    /// <summary>Completes when the event has been given for the first time.</summary>
    public Task Begun(int number) => Beginning(number).Task.WaitAsync(TestContext.Current.CancellationToken);

    public async Task ReactAsync(RecordedEvent e, CancellationToken ct)
    {
        var number = ((Rang)e.Data!).Number;
        var attempt = Attempts.AddOrUpdate(number, 1, (_, before) => before + 1);
        Beginning(number).TrySetResult();
        if (_gates.TryGetValue(number, out var gate)) await gate.Task.WaitAsync(ct);
        if (GivesUp && Fails(number, attempt)) throw new ReactionGivesUpException($"bell {number} is gone");
        if (Fails(number, attempt)) throw new InvalidOperationException($"bell {number} is cracked");
        Done.Enqueue(number);
    }

    public ConcurrentQueue<string> GivenUp { get; } = new();

    public Task GaveUpAsync(RecordedEvent e, Exception fault)
    {
        GivenUp.Enqueue($"{((Rang)e.Data!).Number}: {fault.Message}");
        throw new InvalidOperationException("the notice board is cracked too");
    }

    private TaskCompletionSource Beginning(int number) => _begun.GetOrAdd(number, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

internal static class Ringing
{
    public static readonly Retries Quick = new(AttemptsMax: 3, WaitMin: TimeSpan.FromMilliseconds(1), WaitMax: TimeSpan.FromMilliseconds(2));

    public static ReactionHost Start(this EventLog log, IReaction reaction, Retries? retries = null)
    {
        var host = new ReactionHost(log, [reaction], TimeProvider.System, NullLoggerFactory.Instance, retries ?? Quick);
        host.Start();
        return host;
    }

    public static async Task AppendAsync(this EventLog log, params Event[] events)
    {
        foreach (var e in events)
            Assert.IsType<AppendOutcome.Accepted>(await log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(Guid.CreateVersion7(), "bell", 0, [e])], [])));
    }

    public static Task DoneAsync(this ReactionHost host, long position) => host.WaitAsync("test.bell.v1", position, TestContext.Current.CancellationToken);

    public static async Task<T> AskAsync<T>(this EventLog log, string sql)
    {
        await using var command = log.Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static Task<long> CheckpointAsync(this EventLog log) => log.AskAsync<long>("select last_seq_id from log.mt_event_progression where name = 'test.bell.v1'");
}
