using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.AsOf;

/// <summary>
/// Rows of one projection as of a position, which SQL reads as a common table expression. Its request alone uses it.
/// </summary>
internal abstract class PointInTimeTable
{
    // The format of the table: columns in snake case, enums by their names.
    protected static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = new SnakeCase(),
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>
    /// An SQL condition on today's table that selects the rows no later event has changed. Null selects none.
    /// </summary>
    public string? Unchanged { get; set; }

    public abstract void Fold(RecordedEvent e);

    /// <summary>The rows as a common table expression.</summary>
    public abstract string Sql(DynamicParameters parameters);

    /// <summary>The expression's name: <c>past_chat_messages</c>.</summary>
    public static string NameOf(IProjection projection) => "past_" + PresentTables.ViewOf(projection);

    private sealed class SnakeCase : JsonNamingPolicy
    {
        public override string ConvertName(string name) => EventTypes.SnakeCase(name);
    }
}

internal sealed class PointInTimeTable<TRow, TKey>(Projection<TRow, TKey> projection) : PointInTimeTable
    where TRow : class
    where TKey : notnull
{
    private readonly Dictionary<TKey, TRow> _rows = [];
    private readonly HashSet<long> _folded = [];

    public IReadOnlyCollection<TRow> Rows => _rows.Values;

    /// <summary>Folds the event once; another query of the request may have folded it already.</summary>
    public override void Fold(RecordedEvent e)
    {
        if (_folded.Add(e.Position))
            projection.Fold(_rows, e);
    }

    public void Clear()
    {
        _rows.Clear();
        _folded.Clear();
    }

    public override string Sql(DynamicParameters parameters)
    {
        var name = NameOf(projection);
        var view = PresentTables.Instance.NameOf(projection);
        // Folded rows are few, and materialized. Today's table is left to the conditions of the query itself.
        if (Unchanged is not null && _rows.Count == 0)
            return $"{name} as not materialized (select * from {view} where {Unchanged})";
        parameters.Add(name, JsonSerializer.Serialize(_rows.Values, Json));
        var folded = $"select * from json_populate_recordset(null::{view}, @{name}::json)";
        return Unchanged is null
            ? $"{name} as materialized ({folded})"
            : $"{name} as materialized (select * from {view} where {Unchanged} union all {folded})";
    }
}
