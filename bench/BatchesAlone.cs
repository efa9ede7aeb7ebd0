using Npgsql;
using Veza.EventStore.Appending;

namespace Veza.Bench;

/// <summary>
/// Append batches without a node: it builds the next batch during the present one, and sends it as soon as that is
/// answered. No node appends faster.
/// </summary>
/// <param name="source">From <see cref="OpenAsync"/>. It holds one connection.</param>
/// <param name="commands">The commands in a batch.</param>
internal sealed class BatchesAlone(NpgsqlDataSource source, int commands)
{
    private readonly BenchLog _streams = new();
    private AppendCall? _call;
    private AppendBatch? _next;

    /// <returns>A separate database, since the measured node would read all its events.</returns>
    public static async Task<NpgsqlDataSource> OpenAsync(string connectionString)
    {
        const string Name = "batches_alone";
        await using var server = NpgsqlDataSource.Create(connectionString);
        await using var create = server.CreateCommand($"create database {Name}");
        await create.ExecuteNonQueryAsync();
        var own = new NpgsqlConnectionStringBuilder(connectionString) { Database = Name };
        // Creates the tables and their first partition.
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
