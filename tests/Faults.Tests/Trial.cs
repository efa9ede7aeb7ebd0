using System.Diagnostics;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Postgres;
using Veza.Faults.Tests.Checking;
using Veza.Faults.Tests.Network;
using Veza.Faults.Tests.Nodes;
using Veza.Faults.Tests.Recording;

// Each test disturbs a server or a machine that the next one needs intact.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Veza.Faults.Tests.FaultServer))]

namespace Veza.Faults.Tests;

/// <summary>The extent of the tests: a short form by default, a long one when VEZA_FAULTS is 1.</summary>
public static class Extent
{
    public static bool Long { get; } = Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1";

    /// <summary>The number of faults that a test injects.</summary>
    public static int Rounds => Long ? 10 : 1;

    /// <summary>
    /// The longest time from a fault until callers append again. The long form has the machine to itself and demands
    /// the promised time; the short form shares the machine and allows more.
    /// </summary>
    public static TimeSpan ProgressWithin => Long ? Checkers.ProgressWithin : TimeSpan.FromMinutes(2);

    /// <summary>Commands accepted between faults.</summary>
    public static int AcceptedBetween => Long ? 1000 : 200;

    /// <summary>VEZA_FAULTS_SEED repeats the choices of a run, but not the machine's timing.</summary>
    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("VEZA_FAULTS_SEED"), out var given)
            ? given
            : (int)(Stopwatch.GetTimestamp() & 0xFFFFFF);
}

/// <summary>One durable PostgreSQL for the assembly; each trial has its own database.</summary>
public sealed class FaultServer : IAsyncLifetime
{
    private LocalPostgres? _postgres;
    private int _databases;

    public LocalPostgres Postgres => _postgres!;

    public async ValueTask InitializeAsync() => _postgres = await LocalPostgres.StartEphemeralAsync();

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    /// <summary>A trial on a new, empty database.</summary>
    public async Task<Trial> BeginAsync()
    {
        var name = $"trial_{Interlocked.Increment(ref _databases)}";
        await using var database = NpgsqlDataSource.Create(Postgres.ConnectionString);
        await using var create = database.CreateCommand($"create database {name}");
        await create.ExecuteNonQueryAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"VEZA_FAULTS_SEED={Extent.Seed}");
        return new(
            Postgres,
            new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Database = name }.ConnectionString
        );
    }
}

/// <summary>One history: its writing nodes, its readers, and the verdict at its end.</summary>
public sealed class Trial(LocalPostgres postgres, string connectionString) : IAsyncDisposable
{
    /// <summary>Longer than the checker allows, so that the checker reports the delay.</summary>
    private static readonly TimeSpan ProgressAwaitedMax = Extent.ProgressWithin + TimeSpan.FromSeconds(20);

    private readonly List<LocalNode> _nodes = [];
    private readonly List<NodeProcess> _processes = [];
    private readonly List<SnapshotReader> _readers = [];

    public LocalPostgres Postgres { get; } = postgres;
    public string ConnectionString { get; } = connectionString;
    public History History { get; } = new();

    public async Task<LocalNode> OpenNodeAsync(string name, TimeProvider? clock = null, DiskSpace? disk = null)
    {
        var node = await LocalNode.OpenAsync(name, ConnectionString, History, clock, disk);
        _nodes.Add(node);
        return node;
    }

    /// <param name="through">The proxy between the node and its database, if there is one.</param>
    public async Task<NodeProcess> StartNodeAsync(
        string name,
        int writers,
        NodeWork work = NodeWork.Mixed,
        FaultyProxy? through = null
    )
    {
        var node = await NodeProcess.StartAsync(
            name,
            through?.Through(ConnectionString) ?? ConnectionString,
            History,
            Extent.Seed,
            writers,
            work
        );
        _processes.Add(node);
        return node;
    }

    /// <summary>Adds readers of the log. A node must have created its tables first.</summary>
    public void Watch(int readers)
    {
        for (var i = 0; i < readers; i++)
            _readers.Add(new($"reader {_readers.Count + 1}", ConnectionString, History));
    }

    /// <summary>Marks the end of the fault and waits until every survivor has appended since.</summary>
    public async Task ProgressAsync(string fault, params IReadOnlyList<string> survivors)
    {
        var ended = History.FaultEnded(fault, survivors);
        bool AppendedSince(string node) =>
            History.Calls.Any(c => c.Ask.Node == node && c.Answer is { IsYes: true } && c.AnsweredAt > ended.EndedAt);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var waited = Stopwatch.StartNew();
        while (!survivors.All(AppendedSince) && waited.Elapsed <= ProgressAwaitedMax)
            await look.WaitForNextTickAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{fault}: all append again {waited.Elapsed.TotalSeconds:F2} s after it was over"
        );
    }

    public async Task<T> AskAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Stops loads and nodes, after the answers to all requests.</summary>
    public async Task StopAsync()
    {
        foreach (var node in _nodes)
            await node.StopLoadAsync();
        foreach (var process in _processes.Where(p => p.Runs))
            await process.StopAsync();
        foreach (var reader in _readers)
            await reader.DisposeAsync();
        _readers.Clear();
    }

    /// <summary>Stops everything and checks the history against the promises.</summary>
    public async Task HoldsAsync()
    {
        await StopAsync();
        await Checkers.AssertHoldAsync(History, ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        // A test may have failed while the server was away; the next one needs it running.
        if (Postgres.ProcessId == 0)
            await Postgres.RestartAsync();
        foreach (var reader in _readers)
            await reader.DisposeAsync();
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }
}
