using Npgsql;
using Veza.EventStore.Appending;

namespace Veza.Faults.Tests.Controls;

/// <summary>Answers before the commit, and commits once for several commands, to share the flush.</summary>
internal sealed class AcknowledgesBeforeCommit(string connectionString) : IAsyncDisposable
{
    public const int CommitEvery = 20;

    private readonly NpgsqlConnection _connection = new(
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
    );
    private int _uncommitted;

    public async Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        if (_connection.State == System.Data.ConnectionState.Closed)
            await _connection.OpenAsync();
        if (_uncommitted == 0)
            await BareTables.RunAsync(_connection, "begin");
        var head = await BareTables.NumberAsync(_connection, "select coalesce(max(seq_id), 0) from log.mt_events");
        AppendOutcome outcome = await BareTables.ConflictAsync(_connection, request) is { } conflict
            ? conflict
            : await BareTables.WriteAsync(_connection, request, [head + 1]);
        if (++_uncommitted == CommitEvery)
        {
            await BareTables.RunAsync(_connection, "commit");
            _uncommitted = 0;
        }
        return outcome;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
