using System.Text;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Appending;
using Veza.Faults.Tests.Load;

namespace Veza.Faults.Tests.Controls;

/// <summary>
/// The base of the faulty stores: writes the log's tables without the log's rules. Knows neither names nor repeats.
/// </summary>
internal static class BareTables
{
    public static async Task<long> NumberAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <returns>The conflict with the version that a change expects; null when there is none.</returns>
    public static async Task<AppendOutcome.VersionConflict?> ConflictAsync(
        NpgsqlConnection connection,
        AppendRequest request
    )
    {
        foreach (var change in request.Changes)
        {
            var actual = await NumberAsync(
                connection,
                $"select coalesce(max(version), 0) from log.mt_events where stream_id = '{change.StreamId}'"
            );
            if (actual != change.ExpectedVersion)
                return new(change.StreamId, actual);
        }
        return null;
    }

    /// <summary>Writes a command of one event per stream, and the chain's head if it is the highest.</summary>
    /// <param name="positions">Of each change's event.</param>
    public static async Task<AppendOutcome> WriteAsync(
        NpgsqlConnection connection,
        AppendRequest request,
        IReadOnlyList<long> positions
    )
    {
        for (var i = 0; i < request.Changes.Count; i++)
        {
            var change = request.Changes[i];
            var written = (Written)change.Events.Single();
            await using var insert = new NpgsqlCommand(
                """
                insert into log.mt_events (seq_id, id, stream_id, version, data, type, timestamp, causation_id)
                select $1, $2, $3, $4, $5, $6, clock_timestamp(), $7
                """,
                connection
            );
            insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = positions[i] });
            insert.Parameters.Add(
                new NpgsqlParameter<Guid> { TypedValue = i == 0 ? request.CommandId : Guid.CreateVersion7() }
            );
            insert.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = change.StreamId });
            insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = change.ExpectedVersion + 1 });
            insert.Parameters.Add(
                new NpgsqlParameter
                {
                    Value = Encoding.UTF8.GetString(MixedLoad.Types.Write(written)),
                    NpgsqlDbType = NpgsqlDbType.Jsonb,
                }
            );
            insert.Parameters.Add(
                new NpgsqlParameter<string> { TypedValue = MixedLoad.Types.Describe(typeof(Written)).Alias }
            );
            insert.Parameters.Add(new NpgsqlParameter<string> { TypedValue = request.CommandId.ToString("N") });
            await insert.ExecuteNonQueryAsync();
        }
        await RunAsync(
            connection,
            $"insert into log.chain (position, at, hash) values ({positions.Max()}, clock_timestamp(), '')"
        );
        return new AppendOutcome.Accepted(request.Changes[0].ExpectedVersion + 1, positions[^1], default);
    }
}
