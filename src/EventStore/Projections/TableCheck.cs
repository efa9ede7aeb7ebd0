using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>Compares a projection's table with the columns of its record.</summary>
internal static class TableCheck
{
    /// <exception cref="ProjectionChangedException">The columns of the record are not those of its table.</exception>
    public static async Task ThrowIfChangedAsync(
        IProjection projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        if (
            await DifferenceAsync(
                projection.Table,
                ServingTables.TableOf(projection.Name),
                connection,
                transaction,
                ct
            ) is
            { } difference
        )
            throw new ProjectionChangedException(
                $"the projection {projection.Name}: {difference}; other columns are another version: "
                    + $"call it {ServingTables.BaseOf(projection.Name)}.v{ServingTables.VersionOf(projection.Name) + 1}"
            );
    }

    /// <returns>How the table's columns differ from the shape; null when they do not.</returns>
    public static async Task<string?> DifferenceAsync(
        TableShape shape,
        string table,
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        CancellationToken ct
    )
    {
        await using var ask = new NpgsqlCommand(
            """
            select attname, format_type(atttypid, atttypmod), not attnotnull from pg_attribute
            where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum
            """,
            connection,
            transaction
        );
        ask.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        Dictionary<string, TableColumn> found = [];
        await using (var columns = await ask.ExecuteReaderAsync(ct))
            while (await columns.ReadAsync(ct))
                found.Add(columns.GetString(0), new(columns.GetString(0), columns.GetString(1), columns.GetBoolean(2)));
        foreach (var column in shape.Columns)
        {
            if (!found.Remove(column.Name, out var there))
                return $"its table {table} lacks the column {column.Name} of its record";
            if (there != column with { Collation = null })
                return $"its table {table} has {there.Definition} where its record has {column.Definition}";
        }
        return found.Count == 0
            ? null
            : $"its table {table} has a column {found.Keys.First()} that is not in its record";
    }
}

/// <summary>A projection's columns were changed under the name it had.</summary>
public sealed class ProjectionChangedException(string message) : Exception(message);
