using Npgsql;
using Veza.EventStore.Appending;

namespace Veza.Bench;

/// <summary>
/// What PostgreSQL makes of batches when there is no node: the next is made while one is under way, and sent as soon as
/// that is answered. No node appends faster.
/// </summary>
/// <param name="source">From <see cref="OpenAsync"/>. One connection is kept for good.</param>
/// <param name="commands">In a batch.</param>
internal sealed class BatchesAlone(NpgsqlDataSource source, int commands)
{
    private readonly BenchLog _streams = new();
    private AppendCall? _call;
    private AppendBatch? _next;

    /// <returns>A database of its own, since the node that is measured would read all that is appended.</returns>
    public static async Task<NpgsqlDataSource> OpenAsync(string connectionString)
    {
        const string Name = "batches_alone";
        await using var server = NpgsqlDataSource.Create(connectionString);
        await using var create = server.CreateCommand($"create database {Name}");
        await create.ExecuteNonQueryAsync();
        var own = new NpgsqlConnectionStringBuilder(connectionString) { Database = Name };
        // Makes the tables and their first partition.
        await using (await BenchLog.OpenAsync(own.ConnectionString)) { }
        (own.Options, own.WriteBufferSize) = (AppendCall.ConnectionOptions, AppendCall.BufferBytes);
        return NpgsqlDataSource.Create(own);
    }

    public async Task<int> WriteAsync()
    {
        _call ??= await AppendCall.PrepareAsync(await source.OpenConnectionAsync(), CancellationToken.None);
        var writing = (_next ?? _streams.Batch(commands)).WriteAsync(_call, CancellationToken.None);
        _next = _streams.Batch(commands);
        var (outcomes, _) = await writing;
        return outcomes.All(o => o is AppendOutcome.Accepted)
            ? commands
            : throw new InvalidOperationException("expected all to be accepted");
    }
}
