using System.Linq.Expressions;
using System.Reflection;
using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>A read model the runner keeps: a pure fold from events to the rows of one table.</summary>
public interface IProjection
{
    /// <summary>Versioned: <c>chat.reaction_tally.v1</c>. A changed meaning is a new version.</summary>
    string Name { get; }
    IReadOnlySet<Type> Events { get; }
    IReadOnlyList<string> TableSql { get; }

    /// <summary>Parts, by key, that run side by side, on several nodes too; 1 or more. Every row's key must follow from its event alone.</summary>
    int Shards => 1;

    /// <summary>What becomes of it when an event cannot be applied, however often it is tried.</summary>
    OnPoison OnPoison => OnPoison.Stop;

    /// <summary>The same projection over the keys of one shard only. It holds nothing in common with others that changes.</summary>
    IProjection Part(int shard, int of) => of == 1 ? this : throw new NotSupportedException($"{Name} cannot be divided");

    /// <summary>Folds events, oldest first, and writes the touched rows; the caller commits them with the checkpoint.</summary>
    Task ApplyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<RecordedEvent> events, CancellationToken ct);
}

/// <summary>What a projection does about an event that it cannot apply.</summary>
public enum OnPoison
{
    /// <summary>It stands still before it and says so, until an operator lets it try again or skip it: for rows of which each one matters.</summary>
    Stop,

    /// <summary>It goes on without it and says so until it is rebuilt: for rows that are better a little wrong than old.</summary>
    Skip,
}

/// <summary>
/// One row per key. <c>Identity</c> says which key an event touches; <c>static TRow Create(E)</c> makes the row, <c>static TRow? Apply(E, TRow)</c>
/// changes it or, with null, removes it. Either may also take the <typeparamref name="TKey"/> and the <see cref="RecordedEvent"/>, for its position and time.
/// </summary>
/// <typeparam name="TRow">A record. Its leading properties are the key, in the order of <typeparamref name="TKey"/>.</typeparam>
public abstract class Projection<TRow, TKey> : IProjection where TRow : class where TKey : notnull
{
    private delegate TRow? Step(object data, TRow? row, TKey key, RecordedEvent recorded);

    private readonly Dictionary<Type, Func<RecordedEvent, IEnumerable<TKey>>> _keys = [];
    private readonly Dictionary<Type, Step> _create = [];
    private readonly Dictionary<Type, Step> _apply = [];
    private readonly List<string> _indexes = [];
    private readonly Lazy<RowTable<TRow, TKey>> _table;
    private (int Index, int Of) _shard = (0, 1);

    protected Projection()
    {
        _table = new(() => new(Name));
        foreach (var method in GetType().GetMethods(BindingFlags.Public | BindingFlags.Static))
        {
            if (method.ReturnType != typeof(TRow) || method.GetParameters() is not { Length: > 0 } parameters) continue;
            if (method.Name == "Create") _create[parameters[0].ParameterType] = Compile(method);
            else if (method.Name == "Apply") _apply[parameters[0].ParameterType] = Compile(method);
        }
    }

    public abstract string Name { get; }
    public virtual int Shards => 1;
    public virtual OnPoison OnPoison => OnPoison.Stop;
    public IReadOnlySet<Type> Events => _keys.Keys.ToHashSet();
    public IReadOnlyList<string> TableSql => [.. _table.Value.CreateSql, .. _indexes.Select((columns, i) => _table.Value.IndexSql(i, columns))];

    protected void Identity<TEvent>(Func<TEvent, TKey> key) => _keys.Add(typeof(TEvent), e => [key((TEvent)e.Data!)]);

    /// <summary>For a row whose key holds the event's time, version or position.</summary>
    protected void Identity<TEvent>(Func<TEvent, RecordedEvent, TKey> key) => _keys.Add(typeof(TEvent), e => [key((TEvent)e.Data!, e)]);

    /// <summary>For an event that touches several rows.</summary>
    protected void Identities<TEvent>(Func<TEvent, IEnumerable<TKey>> keys) => _keys.Add(typeof(TEvent), e => keys((TEvent)e.Data!));

    /// <summary>For several rows whose keys hold the event's time, version or position.</summary>
    protected void Identities<TEvent>(Func<TEvent, RecordedEvent, IEnumerable<TKey>> keys) => _keys.Add(typeof(TEvent), e => keys((TEvent)e.Data!, e));

    /// <param name="columns">As in SQL: <c>channel_id, position desc</c>.</param>
    protected void Index(string columns) => _indexes.Add(columns);

    public IProjection Part(int shard, int of)
    {
        var part = (Projection<TRow, TKey>)MemberwiseClone();
        part._shard = (shard, of);
        return part;
    }

    public async Task ApplyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<RecordedEvent> events, CancellationToken ct)
    {
        var touched = events.SelectMany(e => Mine(_keys[e.Data!.GetType()](e))).ToHashSet();
        var rows = await _table.Value.LoadAsync(connection, transaction, touched, ct);
        var before = new Dictionary<TKey, TRow>(rows);
        foreach (var e in events) Fold(rows, e);
        var changed = rows.Where(r => !before.TryGetValue(r.Key, out var was) || !ReferenceEquals(was, r.Value)).Select(r => r.Value).ToList();
        var removed = before.Keys.Where(k => !rows.ContainsKey(k)).ToList();
        await _table.Value.WriteAsync(connection, transaction, changed, removed, ct);
    }

    /// <summary>Applies one event to rows held by their keys; the same fold that runs live serves rebuilds, "as of" and tests.</summary>
    public void Fold(Dictionary<TKey, TRow> rows, RecordedEvent e)
    {
        if (e.Data is not { } data || !_keys.TryGetValue(data.GetType(), out var identities)) return;
        foreach (var key in Mine(identities(e)))
        {
            var row = rows.GetValueOrDefault(key);
            var step = row is null ? _create.GetValueOrDefault(data.GetType()) : _apply.GetValueOrDefault(data.GetType());
            if (step is null) continue;
            var next = step(data, row, key, e);
            if (next is null) rows.Remove(key);
            else rows[key] = next;
        }
    }

    private IEnumerable<TKey> Mine(IEnumerable<TKey> keys) => _shard.Of == 1 ? keys : keys.Where(k => Projections.Shards.Of(k, _shard.Of) == _shard.Index);

    private static Step Compile(MethodInfo method)
    {
        var data = Expression.Parameter(typeof(object));
        var row = Expression.Parameter(typeof(TRow));
        var key = Expression.Parameter(typeof(TKey));
        var recorded = Expression.Parameter(typeof(RecordedEvent));
        var arguments = method.GetParameters().Select((p, i) =>
            i == 0 ? Expression.Convert(data, p.ParameterType)
            : p.ParameterType == typeof(TRow) ? row
            : p.ParameterType == typeof(TKey) ? key
            : p.ParameterType == typeof(RecordedEvent) ? (Expression)recorded
            : throw new ArgumentException($"{method.DeclaringType!.Name}.{method.Name} asks for a {p.ParameterType.Name}; it can have the event, the row, the key and the RecordedEvent"));
        return Expression.Lambda<Step>(Expression.Call(method, arguments), data, row, key, recorded).Compile();
    }
}
