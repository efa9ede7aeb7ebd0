using JasperFx;
using Marten;
using Weasel.Core;
using Weasel.Postgresql;

namespace Veza.EventStore.Marten;

/// <summary>
/// Creates the tables that a Marten store needs for its documents and projections, without changing the log's schema.
/// </summary>
public static class DocumentTables
{
    /// <summary>
    /// Creates and updates the store's tables. Use it instead of <c>ApplyAllConfiguredChangesToDatabaseAsync</c>, which
    /// would also change the log's tables. Those differ from Marten's on purpose, and PostgreSQL refuses the change.
    /// </summary>
    public static async Task MakeDocumentTablesAsync(this IDocumentStore store, CancellationToken ct)
    {
        var database = store.Storage.Database;
        var objects = database.AllObjects().Where(o => o.Identifier.Schema != MartenOverLog.Schema).ToArray();
        await using var connection = database.CreateConnection();
        await connection.OpenAsync(ct);
        var migration = await SchemaMigration.DetermineAsync(connection, ct, objects);
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
