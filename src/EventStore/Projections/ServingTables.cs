using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>
/// Which table a view shows. Readers use a view without a version (<c>views.chat_messages</c>); <c>log.projections</c>
/// says which version's rows it shows, and the table and the checkpoint of that version are called after it. Only a
/// finished build changes what a view shows.
/// </summary>
internal static class ServingTables
{
    private const string BuildSuffix = "_build";

    /// <returns><c>views.chat_messages_v1</c> for <c>chat.messages.v1</c>.</returns>
    public static string TableOf(string projection) => "views." + projection.Replace('.', '_');

    public static string BuildTableOf(string projection) => TableOf(projection) + BuildSuffix;

    public static string BaseOf(string projection) => projection[..VersionAt(projection)];

    private static string ViewOf(string projection) => TableOf(BaseOf(projection));

    private static int VersionOf(string projection) =>
        int.Parse(projection.AsSpan(VersionAt(projection) + 2), System.Globalization.CultureInfo.InvariantCulture);

    private static int VersionAt(string projection) =>
        projection.LastIndexOf(".v", StringComparison.Ordinal) is var at and > 0
            ? at
            : throw new ArgumentException(
                $"the projection {projection} has no version; its name must end like .v1",
                nameof(projection)
            );

    /// <summary>
    /// At a start: makes the table of a projection that is new, so that it can be read, if empty, from the first moment
    /// on; asks for the build of one whose version rose; leaves the view to a newer version.
    /// </summary>
    /// <exception cref="ProjectionChangedException">The columns of the record are not those of its table.</exception>
    public static async Task PrepareAsync(
        IProjection projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var serving = await ServingAsync(projection.Name, connection, transaction, ct);
        if (serving is null || serving == projection.Name)
        {
            var table = TableOf(projection.Name);
            if (!await ExistsAsync(table, connection, transaction, ct))
            {
                // Rows and checkpoints are there together or not at all; a shard that no node has run yet would else
                // not be waited for.
                await ExecuteAsync(
                    "delete from log.mt_event_progression where split_part(name, '#', 1) = $1",
                    connection,
                    transaction,
                    ct,
                    projection.Name
                );
                await PlaceAsync(projection, 0, connection, transaction, ct);
                await ExecuteAsync(projection.Table.CreateSql(table), connection, transaction, ct);
            }
            else
                await CheckAsync(projection, connection, transaction, ct);
            foreach (var index in projection.Table.IndexSql(table))
                await ExecuteAsync(index, connection, transaction, ct);
            if (serving is null)
                await ServeAsync(projection.Name, connection, transaction, ct);
        }
        else if (VersionOf(projection.Name) > VersionOf(serving))
        {
            await ExecuteAsync(
                "insert into log.builds (name) values ($1) on conflict do nothing",
                connection,
                transaction,
                ct,
                projection.Name
            );
        }
    }

    /// <summary>
    /// Takes away the rows of a projection that no release has any longer, whichever version they are of, and all that
    /// was known of it: what was personal in them is not left lying.
    /// </summary>
    /// <param name="withdrawn">Without a version: <c>chat.message_texts</c>.</param>
    public static async Task WithdrawAsync(
        string withdrawn,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var any = withdrawn + ".v0";
        if (await ServingAsync(any, connection, transaction, ct) is not { } serving)
            return;
        await ExecuteAsync(
            $"drop view if exists {ViewOf(any)}; drop table if exists {BuildTableOf(serving)}; drop table if exists {TableOf(serving)}",
            connection,
            transaction,
            ct
        );
        await ExecuteAsync(
            """
            with progression as (delete from log.mt_event_progression where split_part(name, '#', 1) = $1),
                 runners as (delete from log.runners where split_part(name, '#', 1) = $1),
                 parked as (delete from log.parked_events where split_part(name, '#', 1) = $1),
                 builds as (delete from log.builds where name = $1)
            delete from log.projections where serving = $1
            """,
            connection,
            transaction,
            ct,
            serving
        );
    }

    /// <returns>
    /// Which table the view shows, by its identity, when it shows this version's rows, as it then does until the
    /// transaction ends; null when it does not.
    /// </returns>
    public static async Task<uint?> FindServingAsync(
        string projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        if (await ServingAsync(projection, connection, transaction, ct) != projection)
            return null;
        await using var ask = new NpgsqlCommand(
            $"select '{TableOf(projection)}'::regclass::oid",
            connection,
            transaction
        );
        return (uint)(await ask.ExecuteScalarAsync(ct))!;
    }

    /// <returns>
    /// Up to where each view shows everything, by the projection without its version; the hindmost shard counts.
    /// </returns>
    /// <remarks>
    /// By what serves, and not by the names here: another release may have another version, or have divided it into
    /// another number.
    /// </remarks>
    public static async Task<Dictionary<string, long>> ReachedAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select s.base, min(p.last_seq_id) from log.projections s join log.mt_event_progression p on split_part(p.name, '#', 1) = s.serving group by 1"
        );
        await using var rows = await command.ExecuteReaderAsync(ct);
        var reached = new Dictionary<string, long>();
        while (await rows.ReadAsync(ct))
            reached.Add(rows.GetString(0), rows.GetInt64(1));
        return reached;
    }

    /// <summary>Has every reader wait for a moment, or gives up when a long query on the view is in the way.</summary>
    public static async Task HoldReadersAsync(
        string projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        // A view's lock is also its table's; the runner that keeps the table takes it before its checkpoint, as this
        // does.
        await ExecuteAsync($"lock table {ViewOf(projection)} in access exclusive mode", connection, transaction, ct);
        var table = TableOf(projection);
        if (await ExistsAsync(table, connection, transaction, ct))
            await ExecuteAsync($"lock table {table} in access exclusive mode", connection, transaction, ct);
    }

    /// <summary>Has the view show the built table, with its checkpoint; the former one is retired.</summary>
    public static async Task SwapAsync(
        IProjection built,
        long position,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var projection = built.Name;
        var former = await ServingAsync(projection, connection, transaction, ct);
        foreach (var table in new[] { TableOf(projection), TableOf(former ?? projection) }.Distinct())
            if (await ExistsAsync(table, connection, transaction, ct))
                await RetireAsync(table, connection, transaction, ct);
        await ExecuteAsync(
            "select log.rename_rows($1, $2)",
            connection,
            transaction,
            ct,
            Plain(BuildTableOf(projection)),
            Plain(TableOf(projection))
        );
        await ServeAsync(projection, connection, transaction, ct);
        await ExecuteAsync(
            "delete from log.mt_event_progression where split_part(name, '#', 1) in ($1, $2)",
            connection,
            transaction,
            ct,
            projection,
            former ?? projection
        );
        await PlaceAsync(built, position, connection, transaction, ct);
        // The built rows lack no event, whatever the former ones had to go without.
        await ExecuteAsync(
            "delete from log.parked_events where split_part(name, '#', 1) in ($1, $2)",
            connection,
            transaction,
            ct,
            projection,
            former ?? projection
        );
        await ExecuteAsync("delete from log.builds where name = $1", connection, transaction, ct, projection);
    }

    /// <summary>Drops what was retired before <paramref name="graceSeconds"/> and nobody reads any longer.</summary>
    public static async Task DropRetiredAsync(int graceSeconds, NpgsqlConnection connection, CancellationToken ct)
    {
        List<string> due = [];
        await using (
            var find = new NpgsqlCommand(
                "select name from log.retired_tables where at < now() - make_interval(secs => $1)",
                connection
            )
        )
        {
            find.Parameters.Add(new NpgsqlParameter<double> { TypedValue = graceSeconds });
            await using var names = await find.ExecuteReaderAsync(ct);
            while (await names.ReadAsync(ct))
                due.Add(names.GetString(0));
        }
        foreach (var name in due)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await ExecuteAsync("set local lock_timeout = '200ms'", connection, transaction, ct);
            await ExecuteAsync($"drop table if exists views.\"{name}\"", connection, transaction, ct);
            await ExecuteAsync("delete from log.retired_tables where name = $1", connection, transaction, ct, name);
            await transaction.CommitAsync(ct);
        }
    }

    public static async Task ExecuteAsync(
        string sql,
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        CancellationToken ct,
        params object[] parameters
    )
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 0 };
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<string?> ServingAsync(
        string projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        await using var ask = new NpgsqlCommand(
            "select serving from log.projections where base = $1 for share",
            connection,
            transaction
        );
        ask.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BaseOf(projection) });
        return await ask.ExecuteScalarAsync(ct) as string;
    }

    private static async Task<bool> ExistsAsync(
        string table,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        await using var ask = new NpgsqlCommand("select to_regclass($1) is not null", connection, transaction);
        ask.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        return (bool)(await ask.ExecuteScalarAsync(ct))!;
    }

    private static async Task ServeAsync(
        string projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var (view, show) = (ViewOf(projection), $"view {ViewOf(projection)} as select * from {TableOf(projection)}");
        // Replaced where that is possible, for then it keeps its grants and the views that others made on it; another
        // version may have other columns.
        await ExecuteAsync("savepoint replacing", connection, transaction, ct);
        try
        {
            await ExecuteAsync($"create or replace {show}", connection, transaction, ct);
        }
        catch (PostgresException other) when (other.SqlState is PostgresErrorCodes.InvalidTableDefinition)
        {
            await ExecuteAsync(
                $"rollback to savepoint replacing; drop view {view}; create {show}",
                connection,
                transaction,
                ct
            );
        }
        await ExecuteAsync(
            "insert into log.projections (base, serving) values ($1, $2) on conflict (base) do update set serving = excluded.serving",
            connection,
            transaction,
            ct,
            BaseOf(projection),
            projection
        );
    }

    private static async Task PlaceAsync(
        IProjection projection,
        long position,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        foreach (var name in Shards.NamesOf(projection))
            await ExecuteAsync(
                "insert into log.mt_event_progression (name, last_seq_id) values ($1, $2)",
                connection,
                transaction,
                ct,
                name,
                position
            );
    }

    private static async Task RetireAsync(
        string table,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        // No two tables ever have the same identity, so that a second retirement within the grace meets no name in its
        // way.
        await using var name = new NpgsqlCommand(
            $"select $1 || '_old_' || '{table}'::regclass::oid",
            connection,
            transaction
        );
        name.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Plain(table) });
        var retired = (string)(await name.ExecuteScalarAsync(ct))!;
        await ExecuteAsync("select log.rename_rows($1, $2)", connection, transaction, ct, Plain(table), retired);
        await ExecuteAsync("insert into log.retired_tables (name) values ($1)", connection, transaction, ct, retired);
    }

    /// <exception cref="ProjectionChangedException">The columns of the record are not those of its table.</exception>
    private static async Task CheckAsync(
        IProjection projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        if (
            await DifferenceAsync(projection.Table, TableOf(projection.Name), connection, transaction, ct) is
            { } difference
        )
            throw new ProjectionChangedException(
                $"the projection {projection.Name}: {difference}; other columns are another version: call it {BaseOf(projection.Name)}.v{VersionOf(projection.Name) + 1}"
            );
    }

    /// <returns>What about the table's columns is not of the shape; null when it is.</returns>
    public static async Task<string?> DifferenceAsync(
        TableShape shape,
        string table,
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        CancellationToken ct
    )
    {
        await using var ask = new NpgsqlCommand(
            "select attname, format_type(atttypid, atttypmod), not attnotnull from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum",
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

    private static string Plain(string table) => table["views.".Length..];
}

/// <summary>A projection's columns were changed under the name it had.</summary>
public sealed class ProjectionChangedException(string message) : Exception(message);
