using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>The columns that a record's properties are, read and written without reflection or boxing.</summary>
internal static class RowColumns<TRow, TKey>
    where TRow : class
    where TKey : notnull
{
    private static readonly Dictionary<Type, (string Sql, NpgsqlDbType Db)> Types = new()
    {
        [typeof(Guid)] = ("uuid", NpgsqlDbType.Uuid),
        [typeof(string)] = ("text", NpgsqlDbType.Text),
        [typeof(int)] = ("integer", NpgsqlDbType.Integer),
        [typeof(long)] = ("bigint", NpgsqlDbType.Bigint),
        [typeof(double)] = ("double precision", NpgsqlDbType.Double),
        [typeof(bool)] = ("boolean", NpgsqlDbType.Boolean),
        [typeof(DateTimeOffset)] = ("timestamp with time zone", NpgsqlDbType.TimestampTz),
    };

    /// <summary>What every object has beside its fields.</summary>
    private const int ObjectBytes = 16;

    static RowColumns()
    {
        var constructor = typeof(TRow).GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        PropertyInfo[] properties = [.. constructor.GetParameters().Select(p => typeof(TRow).GetProperty(p.Name!)!)];
        var parts = typeof(TKey).IsAssignableTo(typeof(ITuple)) ? typeof(TKey).GetGenericArguments() : [typeof(TKey)];
        KeyCount = parts.Length;
        if (!properties.Take(KeyCount).Select(p => p.PropertyType).SequenceEqual(parts))
            throw new ArgumentException(
                $"the leading properties of {typeof(TRow).Name} are not its key {typeof(TKey)}"
            );

        var row = Expression.Parameter(typeof(TRow));
        All = [.. properties.Select(p => Column<TRow>(p, row, Expression.Property(row, p)))];
        Shape = [.. All.Select(c => c.Shape)];

        var key = Expression.Parameter(typeof(TKey));
        Key =
        [
            .. properties
                .Take(KeyCount)
                .Select((p, i) => Column<TKey>(p, key, KeyCount == 1 ? key : Expression.Field(key, $"Item{i + 1}"))),
        ];
        var ofRow = properties.Take(KeyCount).Select(p => (Expression)Expression.Property(row, p)).ToArray();
        KeyOf = Expression
            .Lambda<Func<TRow, TKey>>(
                KeyCount == 1 ? ofRow[0] : Expression.New(typeof(TKey).GetConstructor(parts)!, ofRow),
                row
            )
            .Compile();

        var reader = Expression.Parameter(typeof(NpgsqlDataReader));
        Read = Expression
            .Lambda<Func<NpgsqlDataReader, TRow>>(
                Expression.New(
                    constructor,
                    properties.Select((p, i) => ReadExpression(p, All[i].Shape.Nullable, reader, i))
                ),
                reader
            )
            .Compile();

        var fixedBytes = ObjectBytes + properties.Sum(p => RuntimeHelpers.SizeOf(p.PropertyType.TypeHandle));
        Bytes = Expression
            .Lambda<Func<TRow, int>>(
                properties
                    .Where(p => p.PropertyType == typeof(string))
                    .Aggregate((Expression)Expression.Constant(fixedBytes), (sum, p) =>
                        Expression.Add(
                            sum,
                            Expression.Call(
                                typeof(RowColumns<TRow, TKey>),
                                nameof(TextBytes),
                                null,
                                Expression.Property(row, p)
                            )
                        )
                    ),
                row
            )
            .Compile();
    }

    public static int KeyCount { get; }
    public static IReadOnlyList<IColumn<TRow>> All { get; }
    public static IReadOnlyList<IColumn<TKey>> Key { get; }
    public static IReadOnlyList<TableColumn> Shape { get; }
    public static Func<TRow, TKey> KeyOf { get; }
    public static Func<NpgsqlDataReader, TRow> Read { get; }

    /// <summary>About what a row takes in memory, with its texts.</summary>
    public static Func<TRow, int> Bytes { get; }

    private static int TextBytes(string? text) =>
        text is null ? 0 : ObjectBytes + sizeof(int) + sizeof(char) * text.Length;

    private static IColumn<TSource> Column<TSource>(PropertyInfo property, ParameterExpression source, Expression value)
    {
        var type = property.PropertyType;
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        var (sql, db) =
            plain.IsEnum ? Types[typeof(string)]
            : Types.TryGetValue(plain, out var known) ? known
            : throw new ArgumentException(
                $"{property.DeclaringType!.Name}.{property.Name} is a {plain.Name}; a row may hold {string.Join(", ", Types.Keys.Select(t => t.Name))} and enums"
            );
        var nullable =
            plain != type || new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        var shape = new TableColumn(EventTypes.SnakeCase(property.Name), sql, nullable);
        if (plain.IsEnum)
        {
            var text = (Expression)
                Expression.Call(plain == type ? value : Expression.Property(value, "Value"), nameof(ToString), null);
            value =
                plain == type
                    ? text
                    : Expression.Condition(
                        Expression.Property(value, "HasValue"),
                        text,
                        Expression.Constant(null, typeof(string))
                    );
        }
        var get = Expression.Lambda(value, source).Compile();
        return (IColumn<TSource>)
            Activator.CreateInstance(
                plain == type || plain.IsEnum
                    ? typeof(PlainColumn<,>).MakeGenericType(typeof(TSource), value.Type)
                    : typeof(NullableColumn<,>).MakeGenericType(typeof(TSource), plain),
                shape,
                db,
                get
            )!;
    }

    private static Expression ReadExpression(
        PropertyInfo property,
        bool nullable,
        ParameterExpression reader,
        int ordinal
    )
    {
        var at = Expression.Constant(ordinal);
        var type = property.PropertyType;
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        var raw = Expression.Call(
            reader,
            nameof(NpgsqlDataReader.GetFieldValue),
            [plain.IsEnum ? typeof(string) : plain],
            at
        );
        var value = Expression.Convert(
            plain.IsEnum
                ? Expression.Call(typeof(Enum), nameof(Enum.Parse), null, Expression.Constant(plain), raw)
                : raw,
            type
        );
        return nullable
            ? Expression.Condition(
                Expression.Call(reader, nameof(NpgsqlDataReader.IsDBNull), null, at),
                Expression.Default(type),
                value
            )
            : value;
    }
}

/// <summary>One column's values, taken from rows or from keys.</summary>
internal interface IColumn<TSource>
{
    TableColumn Shape { get; }

    /// <summary>A typed array, which travels in binary form.</summary>
    NpgsqlParameter Array(ReadOnlySpan<TSource> sources);
    void Copy(NpgsqlBinaryImporter into, TSource source);
}

internal sealed class PlainColumn<TSource, TValue>(TableColumn shape, NpgsqlDbType db, Func<TSource, TValue> get)
    : IColumn<TSource>
{
    public TableColumn Shape => shape;

    public NpgsqlParameter Array(ReadOnlySpan<TSource> sources)
    {
        var values = new TValue[sources.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = get(sources[i]);
        return new NpgsqlParameter<TValue[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | db };
    }

    public void Copy(NpgsqlBinaryImporter into, TSource source)
    {
        if (get(source) is { } value)
            into.Write(value, db);
        else
            into.WriteNull();
    }
}

internal sealed class NullableColumn<TSource, TValue>(TableColumn shape, NpgsqlDbType db, Func<TSource, TValue?> get)
    : IColumn<TSource>
    where TValue : struct
{
    public TableColumn Shape => shape;

    public NpgsqlParameter Array(ReadOnlySpan<TSource> sources)
    {
        var values = new TValue?[sources.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = get(sources[i]);
        return new NpgsqlParameter<TValue?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | db };
    }

    public void Copy(NpgsqlBinaryImporter into, TSource source)
    {
        if (get(source) is { } value)
            into.Write(value, db);
        else
            into.WriteNull();
    }
}
