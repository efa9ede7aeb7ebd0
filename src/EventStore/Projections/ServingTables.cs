using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>
/// Decides which table a view shows. Queries use a view without a version (<c>views.chat_messages</c>);
/// <c>log.projections</c> has the version whose rows it shows, and that version's table and checkpoint are named after
/// it.
/// </summary>
/// <remarks>Only a finished build changes the rows of a view. Each change is one transaction of the caller's.</remarks>
internal static class ServingTables
{
    private const string BuildSuffix = "_build";

    /// <returns><c>views.chat_messages_v1</c> for <c>chat.messages.v1</c>.</returns>
    public static string TableOf(string projection) => "views." + projection.Replace('.', '_');

    public static string BuildTableOf(string projection) => TableOf(projection) + BuildSuffix;

    public static string BaseOf(string projection) => projection[..VersionAt(projection)];

    private static string ViewOf(string projection) => TableOf(BaseOf(projection));

    internal static int VersionOf(string projection) =>
        int.Parse(projection.AsSpan(VersionAt(projection) + 2), System.Globalization.CultureInfo.InvariantCulture);

    private static int VersionAt(string projection) =>
        projection.LastIndexOf(".v", StringComparison.Ordinal) is var at and > 0
            ? at
            : throw new ArgumentException(
                $"the projection {projection} has no version; its name must end like .v1",
                nameof(projection)
            );

    /// <summary>
    /// Prepares a projection at a start: makes the table of a new one, so that queries find it, if empty; requests the
    /// build of one whose version rose; leaves the view to a newer version.
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
                // Rows and checkpoints exist together or not at all: otherwise no caller would wait for a shard that no
                // node has run yet.
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
                await TableCheck.ThrowIfChangedAsync(projection, connection, transaction, ct);
            // "if not exists" alone locks the table against its writers, until the last projection is prepared.
            foreach (var (name, sql) in projection.Table.Indices(table))
                if (!await ExistsAsync(name, connection, transaction, ct))
                    await ExecuteAsync(sql, connection, transaction, ct);
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
    /// Drops the rows, of any version, and the state of a projection that this release no longer has, so that no
    /// personal data stays behind.
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
            $"drop view if exists {ViewOf(any)}; drop table if exists {BuildTableOf(serving)}; "
                + $"drop table if exists {TableOf(serving)}",
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
    /// The identity of this version's table when the view shows it, as it then does until the transaction ends;
    /// otherwise null.
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

    /// <summary>Makes readers wait until the transaction ends; fails when a long query has the view locked.</summary>
    public static async Task HoldReadersAsync(
        string projection,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        // A view's lock also locks its table. The table's runner locks it before its checkpoint, as this does.
        await ExecuteAsync($"lock table {ViewOf(projection)} in access exclusive mode", connection, transaction, ct);
        var table = TableOf(projection);
        if (await ExistsAsync(table, connection, transaction, ct))
            await ExecuteAsync($"lock table {table} in access exclusive mode", connection, transaction, ct);
    }

    /// <summary>Makes the view show the built table, with its checkpoint, and retires the former table.</summary>
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
        // The built rows lack no event, also none that the former ones skipped.
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

    /// <summary>Drops tables that were retired <paramref name="graceSeconds"/> ago and that no query reads.</summary>
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
        var view = ViewOf(projection);
        var show = $"view {view} as select * from {TableOf(projection)}";
        // Replaced where that is possible: it then keeps its grants and the views that depend on it. Another version
        // may have other columns.
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
            """
            insert into log.projections (base, serving) values ($1, $2)
            on conflict (base) do update set serving = excluded.serving
            """,
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
        // The table's identity makes the name unique: a second retirement within the grace does not collide.
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

    private static string Plain(string table) => table["views.".Length..];
}
