using System.Reflection;
using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>What becomes of an account's rows when it is erased.</summary>
/// <param name="Owner">The column that says whose a row is.</param>
internal sealed record RowErasure(string Owner, IReadOnlyList<(string Column, string? Value)> Values)
{
    private static readonly Func<object, object> Copy = typeof(object)
        .GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!
        .CreateDelegate<Func<object, object>>();

    public bool IsOf(Guid account, object row) => (Guid)Property(row, Owner).GetValue(row)! == account;

    public object Erased(object row)
    {
        var copy = Copy(row);
        foreach (var (column, value) in Values)
        {
            var property = Property(row, column);
            property.SetValue(
                copy,
                value is not null && property.PropertyType.IsEnum ? Enum.Parse(property.PropertyType, value) : value
            );
        }
        return copy;
    }

    /// <summary>However many rows there are.</summary>
    public NpgsqlBatchCommand Write(string table, IReadOnlyCollection<Guid> accounts)
    {
        var command = new NpgsqlBatchCommand(
            $"update {table} set {string.Join(", ", Values.Select((v, i) => $"{v.Column} = ${i + 2}"))} where {Owner} = any ($1)"
        );
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. accounts] });
        foreach (var (_, value) in Values)
            command.Parameters.Add(
                new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text }
            );
        return command;
    }

    private static PropertyInfo Property(object row, string column) =>
        row.GetType().GetProperties().FirstOrDefault(p => EventTypes.SnakeCase(p.Name) == column)
        ?? throw new ArgumentException($"{row.GetType()} has no column {column}", nameof(column));
}
