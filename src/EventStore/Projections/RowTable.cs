using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;

namespace Veza.EventStore.Projections;

/// <summary>The table of a record type: made from its properties, loaded and written set-based.</summary>
/// <remarks>The table carries the version (<c>views.chat_messages_v1</c>); readers use a view without it (<c>views.chat_messages</c>), which a new version takes over.</remarks>
internal sealed class RowTable<TRow, TKey> where TRow : class where TKey : notnull
{
    private readonly Column[] _columns;
    private readonly int _keyCount;
    private readonly string _table;
    private readonly string _view;
    private readonly Func<TRow, TKey> _keyOf;
    private readonly Func<TKey, object?[]> _keyParts;
    private readonly Func<NpgsqlDataReader, TRow> _read;

    public RowTable(string projection)
    {
        _table = "views." + projection.Replace('.', '_');
        _view = _table[.._table.LastIndexOf("_v", StringComparison.Ordinal)];
        var constructor = typeof(TRow).GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        _columns = [.. constructor.GetParameters().Select(p => new Column(typeof(TRow).GetProperty(p.Name!)!))];
        var parts = typeof(TKey).IsAssignableTo(typeof(ITuple)) ? typeof(TKey).GetGenericArguments() : [typeof(TKey)];
        _keyCount = parts.Length;
        if (!_columns.Take(_keyCount).Select(c => c.Type).SequenceEqual(parts))
            throw new ArgumentException($"the leading properties of {typeof(TRow).Name} are not its key {typeof(TKey)}");

        var row = Expression.Parameter(typeof(TRow));
        var keyProperties = _columns.Take(_keyCount).Select(c => (Expression)Expression.Property(row, c.Property)).ToArray();
        _keyOf = Expression.Lambda<Func<TRow, TKey>>(_keyCount == 1 ? keyProperties[0] : Expression.New(typeof(TKey).GetConstructor(parts)!, keyProperties), row).Compile();
        _keyParts = key => key is ITuple tuple ? [.. Enumerable.Range(0, tuple.Length).Select(i => tuple[i])] : [key];

        var reader = Expression.Parameter(typeof(NpgsqlDataReader));
        _read = Expression.Lambda<Func<NpgsqlDataReader, TRow>>(
            Expression.New(constructor, _columns.Select((c, i) => c.ReadExpression(reader, i))), reader).Compile();
    }

    public IReadOnlyList<string> CreateSql =>
    [
        $"create table if not exists {_table} ({string.Join(", ", _columns.Select(c => c.Definition))}, primary key ({Names(_columns.Take(_keyCount))}))",
        $"create or replace view {_view} as select * from {_table}",
    ];

    public string IndexSql(int number, string columns) => $"create index if not exists {_table["views.".Length..]}_i{number + 1} on {_table} ({columns})";

    public async Task<Dictionary<TKey, TRow>> LoadAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, HashSet<TKey> keys, CancellationToken ct)
    {
        var rows = new Dictionary<TKey, TRow>(keys.Count);
        if (keys.Count == 0) return rows;
        await using var command = new NpgsqlCommand(
            $"select {Names(_columns, "t.")} from {_table} t join unnest({Unnest(_keyCount)}) as k({Names(_columns.Take(_keyCount))}) using ({Names(_columns.Take(_keyCount))})",
            connection, transaction);
        AddKeys(command.Parameters, keys);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var row = _read(reader);
            rows[_keyOf(row)] = row;
        }
        return rows;
    }

    public async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, List<TRow> changed, List<TKey> removed, CancellationToken ct)
    {
        if (changed.Count == 0 && removed.Count == 0) return;
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (removed.Count > 0)
        {
            var delete = new NpgsqlBatchCommand(
                $"delete from {_table} t using unnest({Unnest(_keyCount)}) as k({Names(_columns.Take(_keyCount))}) where {string.Join(" and ", _columns.Take(_keyCount).Select(c => $"t.{c.Name} = k.{c.Name}"))}");
            AddKeys(delete.Parameters, removed);
            batch.BatchCommands.Add(delete);
        }
        if (changed.Count > 0)
        {
            var set = string.Join(", ", _columns.Skip(_keyCount).Select(c => $"{c.Name} = excluded.{c.Name}"));
            var upsert = new NpgsqlBatchCommand(
                $"insert into {_table} ({Names(_columns)}) select * from unnest({Unnest(_columns.Length)}) on conflict ({Names(_columns.Take(_keyCount))}) do {(set == "" ? "nothing" : "update set " + set)}");
            foreach (var column in _columns) upsert.Parameters.Add(column.Parameter(changed.ConvertAll(column.Get)));
            batch.BatchCommands.Add(upsert);
        }
        await batch.ExecuteNonQueryAsync(ct);
    }

    private void AddKeys(NpgsqlParameterCollection parameters, IReadOnlyCollection<TKey> keys)
    {
        var parts = keys.Select(_keyParts).ToList();
        for (var i = 0; i < _keyCount; i++) parameters.Add(_columns[i].Parameter(parts.ConvertAll(p => p[i])));
    }

    private static string Names(IEnumerable<Column> columns, string prefix = "") => string.Join(", ", columns.Select(c => prefix + c.Name));
    private string Unnest(int count) => string.Join(", ", _columns.Take(count).Select((c, i) => $"${i + 1}::{c.SqlType}[]"));

    private sealed class Column
    {
        private static readonly Dictionary<Type, (string Sql, NpgsqlDbType Db)> Types = new()
        {
            [typeof(Guid)] = ("uuid", NpgsqlDbType.Uuid), [typeof(string)] = ("text", NpgsqlDbType.Text), [typeof(int)] = ("integer", NpgsqlDbType.Integer),
            [typeof(long)] = ("bigint", NpgsqlDbType.Bigint), [typeof(double)] = ("double precision", NpgsqlDbType.Double),
            [typeof(bool)] = ("boolean", NpgsqlDbType.Boolean), [typeof(DateTimeOffset)] = ("timestamptz", NpgsqlDbType.TimestampTz),
        };
        private static readonly NullabilityInfoContext Nullability = new();

        private readonly NpgsqlDbType _db;
        private readonly bool _nullable;
        private readonly bool _isEnum;

        public Column(PropertyInfo property)
        {
            Property = property;
            Name = EventTypes.SnakeCase(property.Name);
            var plain = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            _isEnum = plain.IsEnum;
            (SqlType, _db) = _isEnum ? ("text", NpgsqlDbType.Text) : Types.TryGetValue(plain, out var known) ? known
                : throw new ArgumentException($"{property.DeclaringType!.Name}.{property.Name} is a {plain.Name}; a row may hold {string.Join(", ", Types.Keys.Select(t => t.Name))} and enums");
            lock (Nullability)
                _nullable = Nullable.GetUnderlyingType(property.PropertyType) is not null || Nullability.Create(property).ReadState == NullabilityState.Nullable;
        }

        public PropertyInfo Property { get; }
        public Type Type => Property.PropertyType;
        public string Name { get; }
        public string SqlType { get; }
        public string Definition => $"{Name} {SqlType}{(_nullable ? "" : " not null")}";
        public object? Get(TRow row) => Property.GetValue(row);

        /// <summary>A typed array, which travels in binary form.</summary>
        public NpgsqlParameter Parameter(IReadOnlyCollection<object?> values)
        {
            var array = Array.CreateInstance(_isEnum ? typeof(string) : Type, values.Count);
            var i = 0;
            foreach (var value in values) array.SetValue(_isEnum ? value?.ToString() : value, i++);
            return new() { Value = array, NpgsqlDbType = NpgsqlDbType.Array | _db };
        }

        public Expression ReadExpression(ParameterExpression reader, int ordinal)
        {
            var at = Expression.Constant(ordinal);
            var plain = Nullable.GetUnderlyingType(Type) ?? Type;
            var raw = Expression.Call(reader, nameof(NpgsqlDataReader.GetFieldValue), [_isEnum ? typeof(string) : plain], at);
            Expression value = _isEnum
                ? Expression.Convert(Expression.Call(typeof(Enum), nameof(Enum.Parse), null, Expression.Constant(plain), raw), Type)
                : Expression.Convert(raw, Type);
            return _nullable ? Expression.Condition(Expression.Call(reader, nameof(NpgsqlDataReader.IsDBNull), null, at), Expression.Default(Type), value) : value;
        }
    }
}
