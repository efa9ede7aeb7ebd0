using JasperFx;
using Marten;
using Weasel.Core;
using Weasel.Postgresql;

namespace Veza.EventStore.Marten;

/// <summary>
/// Makes what a store needs beside the log, for its documents and projections, and leaves the log's own schema alone.
/// </summary>
public static class DocumentTables
{
    /// <summary>
    /// Creates and updates the store's own tables. <c>ApplyAllConfiguredChangesToDatabaseAsync</c> would change the
    /// log's too, where it differs from Marten's on purpose, and is refused there by PostgreSQL.
    /// </summary>
    public static async Task MakeDocumentTablesAsync(this IDocumentStore store, CancellationToken ct)
    {
        var database = store.Storage.Database;
        var own = database.AllObjects().Where(o => o.Identifier.Schema != MartenOverLog.Schema).ToArray();
        await using var connection = database.CreateConnection();
        await connection.OpenAsync(ct);
        var migration = await SchemaMigration.DetermineAsync(connection, ct, own);
        if (migration.Difference != SchemaPatchDifference.None)
            await new PostgresqlMigrator().ApplyAllAsync(
                connection,
                migration,
                AutoCreate.CreateOrUpdate,
                new NothingLogged(),
                ct
            );
    }
}
