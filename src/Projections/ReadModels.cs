using System.Data;
using Dapper;
using Npgsql;
using Veza.Projections.AsOf;

namespace Veza.Projections;

/// <summary>
/// Reads the tables that the projections keep. Queries name a table without its version: <c>views.chat_messages</c>.
/// </summary>
/// <param name="past">
/// What to read in their place: a query that can answer as of a position begins by saying which events its rows come
/// from.
/// </param>
public sealed class ReadModels(NpgsqlDataSource database, PointInTime? past = null)
{
    /// <summary>Rows in a page, unless the endpoint says otherwise.</summary>
    public const int PageMax = 100;

    static ReadModels()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new UtcTime());
    }

    internal PointInTime? PointInTime => past;

    public async Task<List<T>> ListAsync<T>(string sql, object? parameters, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<T>(Command(sql, parameters, ct))).AsList();
    }

    public async Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<T>(Command(sql, parameters, ct));
    }

    /// <summary>
    /// A look-up that thousands make at once, planned once per connection: planning takes several times as long as
    /// running it. It reads the rows of now alone.
    /// </summary>
    internal async Task<List<T>> ListPreparedAsync<T>(
        string sql,
        Func<NpgsqlDataReader, T> row,
        CancellationToken ct,
        params NpgsqlParameter[] parameters
    )
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.PrepareAsync(ct);
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var list = new List<T>();
        while (await rows.ReadAsync(ct))
            list.Add(row(rows));
        return list;
    }

    private CommandDefinition Command(string sql, object? parameters, CancellationToken ct) =>
        past?.Command(sql, parameters, ct) ?? new(sql, parameters, cancellationToken: ct);

    /// <summary>PostgreSQL hands out UTC; Dapper would take it for a DateTime.</summary>
    private sealed class UtcTime : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) =>
            parameter.Value = value.ToUniversalTime();

        public override DateTimeOffset Parse(object value) =>
            new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));
    }
}

/// <summary>An account as it is named beside what it wrote or made.</summary>
public sealed record AccountName(Guid Id, string UserName);
