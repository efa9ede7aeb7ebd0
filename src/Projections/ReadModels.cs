using System.Data;
using Dapper;
using Npgsql;

namespace Veza.Projections;

/// <summary>Reads the tables that the projections keep. Queries name a table without its version: <c>views.chat_messages</c>.</summary>
public sealed class ReadModels(NpgsqlDataSource database)
{
    /// <summary>Rows in a page, unless the endpoint says otherwise.</summary>
    public const int PageMax = 100;

    static ReadModels()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new UtcTime());
    }

    public async Task<List<T>> ListAsync<T>(string sql, object? parameters, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: ct))).AsList();
    }

    public async Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: ct));
    }

    /// <summary>PostgreSQL hands out UTC; Dapper would take it for a DateTime.</summary>
    private sealed class UtcTime : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.ToUniversalTime();
        public override DateTimeOffset Parse(object value) => new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));
    }
}

/// <summary>An account as it is named beside what it wrote or made.</summary>
public sealed record AccountName(Guid Id, string UserName);
