using System.Data;
using Dapper;
using Npgsql;
using Veza.EventStore.Projections;

namespace Veza.Projections;

/// <summary>
/// Runs the queries over the projections' tables. A query names each table by <see cref="Table"/>, so that its one text
/// serves the present and any position of the past. Any thread may call it.
/// </summary>
public sealed class ReadModels
{
    /// <summary>Rows in a page, unless the endpoint says otherwise.</summary>
    public const int PageMax = 100;

    private readonly NpgsqlDataSource _database;
    private readonly ReadPosition? _position;

    static ReadModels()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new UtcTime());
    }

    public ReadModels(NpgsqlDataSource database)
        : this(database, PresentTables.Instance) { }

    internal ReadModels(NpgsqlDataSource database, IQueryTables tables, ReadPosition? position = null)
    {
        _database = database;
        Tables = tables;
        _position = position;
    }

    internal IQueryTables Tables { get; }

    /// <summary>The same tables, for one answer whose position is to be known.</summary>
    public ReadModels At(ReadPosition position) => new(_database, Tables, position);

    /// <summary>The projection's rows, as SQL reads them: <c>views.chat_messages</c>.</summary>
    /// <exception cref="InvalidOperationException">
    /// They are read as of a position, and the query has not folded them: it would get the rows of now.
    /// </exception>
    internal string Table<TProjection>()
        where TProjection : IProjection, new()
    {
        var projection = Folds.Of<TProjection>();
        var name = Tables.NameOf(projection);
        _position?.Reads(name, projection);
        return name;
    }

    /// <param name="with">The query's own common table expressions, without <c>with</c>.</param>
    public async Task<List<T>> ListAsync<T>(string sql, object? parameters, CancellationToken ct, string? with = null)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        var command = Tables.Command(sql, with, parameters, ct);
        if (_position is not null)
            return await _position.ListAsync<T>(connection, command);
        return (await connection.QueryAsync<T>(command)).AsList();
    }

    public async Task<T?> FindAsync<T>(string sql, object? parameters, CancellationToken ct)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        var command = Tables.Command(sql, null, parameters, ct);
        if (_position is not null)
            return (await _position.ListAsync<T>(connection, command)).FirstOrDefault();
        return await connection.QueryFirstOrDefaultAsync<T>(command);
    }

    /// <summary>
    /// A look-up that thousands of callers make together, planned once per connection: planning takes several times as
    /// long as running it. It reads only the rows of now.
    /// </summary>
    internal async Task<List<T>> ListPreparedAsync<T>(
        string sql,
        Func<NpgsqlDataReader, T> row,
        CancellationToken ct,
        params NpgsqlParameter[] parameters
    )
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.PrepareAsync(ct);
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, ct);
        var list = new List<T>();
        while (await rows.ReadAsync(ct))
            list.Add(row(rows));
        return list;
    }

    /// <summary>PostgreSQL returns UTC; Dapper would map it to a DateTime.</summary>
    private sealed class UtcTime : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) =>
            parameter.Value = value.ToUniversalTime();

        public override DateTimeOffset Parse(object value) =>
            new(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));
    }
}

/// <summary>The author or owner of something, as answers name it.</summary>
public sealed record AccountName(Guid Id, string UserName);
