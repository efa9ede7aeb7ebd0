using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.AsOf;

/// <summary>Rows of one projection as they stood, for SQL to read under another name.</summary>
internal abstract class PointInTimeTable
{
    // As the table has them: columns in snake case, enums by their names.
    protected static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = new SnakeCase(),
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>
    /// An SQL condition on the table as it is now: its rows that nothing has changed since. Null for none of them.
    /// </summary>
    public string? Unchanged { get; set; }

    public abstract void Fold(RecordedEvent e);

    /// <summary>The rows as a common table expression.</summary>
    public abstract string Sql(DynamicParameters parameters);

    /// <summary><c>chat.messages.v1</c> is read as <c>views.chat_messages</c>.</summary>
    public static string ViewOf(IProjection projection) =>
        projection.Name[..projection.Name.LastIndexOf(".v", StringComparison.Ordinal)].Replace('.', '_');

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

    /// <summary>An event that was folded before, for another of the request's queries, changes nothing.</summary>
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
        var view = ViewOf(projection);
        // What is folded is small and read at once; what is read from the table is for the query's own conditions to
        // find.
        if (Unchanged is not null && _rows.Count == 0)
            return $"past_{view} as not materialized (select * from views.{view} where {Unchanged})";
        parameters.Add("past_" + view, JsonSerializer.Serialize(_rows.Values, Json));
        var folded = $"select * from json_populate_recordset(null::views.{view}, @past_{view}::json)";
        return Unchanged is null
            ? $"past_{view} as materialized ({folded})"
            : $"past_{view} as materialized (select * from views.{view} where {Unchanged} union all {folded})";
    }
}
