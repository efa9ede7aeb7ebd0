using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>
/// Finds the projections that need nothing at a start, as most do: the view shows this version, whose table, indexes
/// and checkpoints are as they must be.
/// </summary>
internal static class PreparedProjections
{
    /// <summary>
    /// One statement for all of them: a slow database would take a minute for one after another.
    /// </summary>
    /// <returns>Their names.</returns>
    public static async Task<HashSet<string>> FindAsync(
        IReadOnlyCollection<IProjection> projections,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        await using var ask = new NpgsqlCommand(
            """
            select asked.name
            from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
                 asked(name, rows, columns, indexes, shards)
            join log.projections s on s.serving = asked.name
            where asked.columns = (
                    select string_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull), ','
                                      order by attname collate "C")
                    from pg_attribute
                    where attrelid = to_regclass(asked.rows) and attnum > 0 and not attisdropped)
              and not exists (
                    select from unnest(string_to_array(asked.indexes, ',')) i where to_regclass(i) is null)
              and not exists (
                    select from log.mt_event_progression p
                    where split_part(p.name, '#', 1) = asked.name
                      and p.name <> all (string_to_array(asked.shards, ',')))
            for share of s
            """,
            connection,
            transaction
        );
        foreach (
            var of in new Func<IProjection, string>[]
            {
                p => p.Name,
                p => ServingTables.TableOf(p.Name),
                p => Joined(p.Table.Columns.Select(Described).Order(StringComparer.Ordinal)),
                p => Joined(p.Table.Indices(ServingTables.TableOf(p.Name)).Select(index => index.Name)),
                p => Joined(Shards.NamesOf(p)),
            }
        )
            ask.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. projections.Select(of)] });
        var prepared = new HashSet<string>();
        await using var names = await ask.ExecuteReaderAsync(ct);
        while (await names.ReadAsync(ct))
            prepared.Add(names.GetString(0));
        return prepared;

        static string Joined(IEnumerable<string> parts) => string.Join(',', parts);

        static string Described(TableColumn column) =>
            $"{column.Name} {column.SqlType} {(column.Nullable ? 'f' : 't')}";
    }
}
