using System.Linq.Expressions;
using System.Reflection;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>
/// One row per key. <c>Identity</c> says which key an event touches; <c>static TRow Create(E)</c> makes the row,
/// <c>static TRow? Apply(E, TRow)</c> changes it or, with null, removes it. Either may also take the
/// <typeparamref name="TKey"/> and the <see cref="RecordedEvent"/>, for its position and time.
/// </summary>
/// <typeparam name="TRow">
/// A record. Its leading properties are the key, in the order of <typeparamref name="TKey"/>.
/// </typeparam>
public abstract class Projection<TRow, TKey> : IProjection
    where TRow : class
    where TKey : notnull
{
    internal delegate TRow? Step(object data, TRow? row, TKey key, RecordedEvent recorded);

    /// <summary>What one type of event does: to the one key, or to the many, that it touches.</summary>
    internal sealed record Handling(
        Func<RecordedEvent, TKey>? Key,
        Func<RecordedEvent, IEnumerable<TKey>>? Keys,
        Step? Create,
        Step? Apply,
        bool Begins = false
    )
    {
        /// <returns>The row after the event; the same instance when the event is nothing to it.</returns>
        public TRow? Next(TRow? row, TKey key, RecordedEvent e) =>
            (row is null ? Create : Apply) is { } step ? step(e.Data!, row, key, e) : row;
    }

    private readonly Dictionary<Type, Handling> _handlings = [];
    private readonly Dictionary<Type, (Func<object, Guid> Account, RowErasure Erasure)> _erasures = [];
    private readonly Dictionary<Type, Step> _create = [];
    private readonly Dictionary<Type, Step> _apply = [];
    private readonly List<string> _indexes = [];
    private (int Index, int Of) _shard = (0, 1);

    protected Projection()
    {
        foreach (var method in GetType().GetMethods(BindingFlags.Public | BindingFlags.Static))
        {
            if (method.ReturnType != typeof(TRow) || method.GetParameters() is not { Length: > 0 } parameters)
                continue;
            if (method.Name == "Create")
                _create[parameters[0].ParameterType] = Compile(method);
            else if (method.Name == "Apply")
                _apply[parameters[0].ParameterType] = Compile(method);
        }
    }

    public abstract string Name { get; }
    public virtual int Shards => 1;
    public virtual OnPoison OnPoison => OnPoison.Stop;
    public IReadOnlySet<Type> Events => _handlings.Keys.Union(_erasures.Keys).ToHashSet();
    public TableShape Table => new(RowColumns<TRow, TKey>.Shape, RowColumns<TRow, TKey>.KeyCount, _indexes);

    public IProjection Part(int shard, int of)
    {
        var part = (Projection<TRow, TKey>)MemberwiseClone();
        part._shard = (shard, of);
        return part;
    }

    public IProjectionRows Open(string table, RowsUse use) => new CachedRows<TRow, TKey>(this, table, use);

    protected void Identity<TEvent>(Func<TEvent, TKey> key) => Handle<TEvent>(e => key((TEvent)e.Data!), null);

    /// <summary>For a row whose key holds the event's time, version or position.</summary>
    protected void Identity<TEvent>(Func<TEvent, RecordedEvent, TKey> key) =>
        Handle<TEvent>(e => key((TEvent)e.Data!, e), null);

    /// <summary>
    /// For an event before which there never was a row of its key, and which therefore makes it unseen: nothing is
    /// looked up for it.
    /// </summary>
    protected void Begins<TEvent>(Func<TEvent, RecordedEvent, TKey> key) =>
        Handle<TEvent>(e => key((TEvent)e.Data!, e), null, begins: true);

    /// <summary>For an event that touches several rows.</summary>
    protected void Identities<TEvent>(Func<TEvent, IEnumerable<TKey>> keys) =>
        Handle<TEvent>(null, e => keys((TEvent)e.Data!));

    /// <summary>For several rows whose keys hold the event's time, version or position.</summary>
    protected void Identities<TEvent>(Func<TEvent, RecordedEvent, IEnumerable<TKey>> keys) =>
        Handle<TEvent>(null, e => keys((TEvent)e.Data!, e));

    /// <summary>
    /// An event after which no row may hold what an account wrote, however many there are: those whose
    /// <paramref name="owner"/> it is get these values. Events before it are read without what was erased, so that rows
    /// made anew are the same.
    /// </summary>
    /// <param name="owner">A column of the row: <c>author_id</c>.</param>
    /// <param name="values">Columns of text and what they become.</param>
    protected void Erases<TEvent>(
        Func<TEvent, Guid> account,
        string owner,
        params (string Column, string? Value)[] values
    ) => _erasures.Add(typeof(TEvent), (e => account((TEvent)e), new(owner, values)));

    /// <returns>Whose rows the event erases, and how; null of most events.</returns>
    internal (Guid Account, RowErasure Erasure)? ErasureOf(RecordedEvent e) =>
        _erasures.Count > 0 && e.Data is { } data && _erasures.TryGetValue(data.GetType(), out var found)
            ? (found.Account(data), found.Erasure)
            : null;

    /// <param name="columns">As in SQL: <c>channel_id, position desc</c>.</param>
    protected void Index(string columns) => _indexes.Add(columns);

    /// <summary>
    /// Applies one event to rows held by their keys; the same fold that runs live serves rebuilds, "as of" and tests.
    /// </summary>
    public void Fold(Dictionary<TKey, TRow> rows, RecordedEvent e)
    {
        if (ErasureOf(e) is { } erased)
            foreach (var (key, row) in rows.Where(r => erased.Erasure.IsOf(erased.Account, r.Value)).ToList())
                rows[key] = (TRow)erased.Erasure.Erased(row);
        if (HandlingOf(e) is not { } handling)
            return;
        foreach (var key in handling.Key is { } one ? [one(e)] : handling.Keys!(e))
        {
            if (!IsMine(key))
                continue;
            if (handling.Next(rows.GetValueOrDefault(key), key, e) is { } next)
                rows[key] = next;
            else
                rows.Remove(key);
        }
    }

    /// <summary>Whether the key is of this part of the projection.</summary>
    internal bool IsMine(TKey key) => _shard.Of == 1 || Projections.Shards.Of(key, _shard.Of) == _shard.Index;

    internal Handling? HandlingOf(RecordedEvent e) =>
        e.Data is { } data ? _handlings.GetValueOrDefault(data.GetType()) : null;

    private void Handle<TEvent>(
        Func<RecordedEvent, TKey>? key,
        Func<RecordedEvent, IEnumerable<TKey>>? keys,
        bool begins = false
    ) =>
        _handlings.Add(
            typeof(TEvent),
            new(key, keys, _create.GetValueOrDefault(typeof(TEvent)), _apply.GetValueOrDefault(typeof(TEvent)), begins)
        );

    private static Step Compile(MethodInfo method)
    {
        var data = Expression.Parameter(typeof(object));
        var row = Expression.Parameter(typeof(TRow));
        var key = Expression.Parameter(typeof(TKey));
        var recorded = Expression.Parameter(typeof(RecordedEvent));
        var arguments = method
            .GetParameters()
            .Select(
                (p, i) =>
                    i == 0 ? Expression.Convert(data, p.ParameterType)
                    : p.ParameterType == typeof(TRow) ? row
                    : p.ParameterType == typeof(TKey) ? key
                    : p.ParameterType == typeof(RecordedEvent) ? (Expression)recorded
                    : throw new ArgumentException(
                        $"{method.DeclaringType!.Name}.{method.Name} asks for a {p.ParameterType.Name}; it can have the event, the row, the key and the RecordedEvent"
                    )
            );
        return Expression.Lambda<Step>(Expression.Call(method, arguments), data, row, key, recorded).Compile();
    }
}
