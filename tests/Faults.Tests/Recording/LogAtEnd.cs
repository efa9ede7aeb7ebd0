using Npgsql;

namespace Veza.Faults.Tests.Recording;

/// <summary>The whole log and its names, read in one snapshot after everything is over.</summary>
/// <param name="Rows">In order of position.</param>
/// <param name="Chain">The head according to the chain of batches.</param>
public sealed record LogAtEnd(IReadOnlyList<LogRow> Rows, IReadOnlyList<NameRow> Names, long Chain)
{
    internal const string Columns =
        "seq_id, id, stream_id, version, type, coalesce(causation_id::uuid, id), timestamp, data::text";

    public static async Task<LogAtEnd> ReadAsync(string connectionString, CancellationToken ct)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead,
            ct
        );
        var rows = await RowsAsync(connection, 0, ct);
        var names = await NamesAsync(connection, ct);
        await using var chain = new NpgsqlCommand("select coalesce(max(position), 0) from log.chain", connection);
        return new(rows, names, (long)(await chain.ExecuteScalarAsync(ct))!);
    }

    internal static async Task<List<LogRow>> RowsAsync(NpgsqlConnection connection, long after, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"select {Columns} from log.mt_events where seq_id > $1 order by seq_id",
            connection
        );
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<LogRow>();
        while (await reader.ReadAsync(ct))
            rows.Add(
                new(
                    reader.GetInt64(0),
                    reader.GetGuid(1),
                    reader.GetGuid(2),
                    reader.GetInt64(3),
                    reader.GetString(4),
                    reader.GetGuid(5),
                    reader.GetFieldValue<DateTimeOffset>(6),
                    reader.GetString(7)
                )
            );
        return rows;
    }

    internal static async Task<List<NameRow>> NamesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            "select scope, name, owner from log.names order by scope, name",
            connection
        );
        await using var reader = await command.ExecuteReaderAsync(ct);
        var names = new List<NameRow>();
        while (await reader.ReadAsync(ct))
            names.Add(new(reader.GetString(0), reader.GetString(1), reader.GetGuid(2)));
        return names;
    }
}
