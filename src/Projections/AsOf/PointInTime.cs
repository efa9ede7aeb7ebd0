using System.Runtime.CompilerServices;
using Dapper;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.EventStore.Reading;
using Veza.Projections.Topics;

namespace Veza.Projections.AsOf;

/// <summary>
/// The read models as of a position, for one request. A query over <see cref="Views"/> first folds the events that its
/// rows come from, up to the position. Its SQL then reads the folded rows where it would read the tables.
/// </summary>
/// <remarks>
/// A query that names a table without folding its rows fails, so that no answer mixes in rows of today. One request
/// uses it, without concurrency.
/// </remarks>
/// <param name="position">
/// From 1 to the log's head. The projections of the query and <see cref="TopicIndexProjection"/> must have reached it.
/// </param>
/// <param name="moment">The requested time, or the time of the event at the position.</param>
/// <param name="eventsMax">Events that the request may fold.</param>
public sealed class PointInTime(
    EventLog log,
    long position,
    DateTimeOffset moment,
    int eventsMax = PointInTime.EventsMax
) : IQueryTables
{
    /// <summary>Events one request may fold: some 0.3 s, and some tens of megabytes.</summary>
    public const int EventsMax = 50_000;

    /// <summary>Events in the first step back from the position; each further step takes twice as many.</summary>
    private const int StepEventsMin = 100;

    private readonly Dictionary<string, PointInTimeTable> _tables = [];
    private readonly TopicIndex _topics = new(log);
    private int _events;

    public long Position => position;
    public DateTimeOffset Moment => moment;

    /// <summary>For queries, which read the rows as of the position through it.</summary>
    public ReadModels Views => new(log.Database, this);

    /// <summary>Today's tables: only for where in the log something began, which no later event changes.</summary>
    internal ReadModels Now { get; } = new(log.Database);

    /// <summary>The projection's rows, initially none.</summary>
    internal PointInTimeTable<TRow, TKey> Table<TRow, TKey>(Projection<TRow, TKey> projection)
        where TRow : class
        where TKey : notnull
    {
        var name = PointInTimeTable.NameOf(projection);
        if (!_tables.TryGetValue(name, out var table))
            _tables.Add(name, table = new PointInTimeTable<TRow, TKey>(projection));
        return (PointInTimeTable<TRow, TKey>)table;
    }

    /// <summary>
    /// Reads rows that never change from today's table: as of the position there were those created up to it.
    /// </summary>
    /// <exception cref="ArgumentException">The projection has an event that changes its rows.</exception>
    internal void ReadImmutable<TRow, TKey>(Projection<TRow, TKey> projection)
        where TRow : class
        where TKey : notnull
    {
        if (projection.GetType().GetMethods().Any(m => m.Name == "Apply"))
            throw new ArgumentException(
                $"rows of {projection.Name} change after they are made; as of a position they must be folded"
            );
        Table(projection).Unchanged = $"position <= {position}";
    }

    /// <summary>All events of small streams up to the position.</summary>
    /// <param name="from">A position that no event of these streams precedes.</param>
    internal IAsyncEnumerable<RecordedEvent> StreamsAsync(
        IEnumerable<Guid> streams,
        CancellationToken ct,
        long from = 1
    ) => log.Reader.ReadStreamsAsync([.. streams.Distinct()], from - 1, position, eventsMax - _events + 1, ct);

    /// <summary>All events on topics after <paramref name="after"/> up to the position.</summary>
    internal IAsyncEnumerable<RecordedEvent> TopicsAsync(
        IReadOnlyCollection<Topic> topics,
        CancellationToken ct,
        long after = 0
    ) => _topics.ReadAllAsync(topics, after, position, ct);

    /// <summary><see cref="TopicIndex.NearestStreamsAsync"/> up to the position.</summary>
    internal Task<List<(Guid Stream, long Position)>> NearestStreamsAsync<TEvent>(
        Topic topic,
        long beside,
        bool older,
        int max,
        CancellationToken ct
    ) => _topics.NearestStreamsAsync(topic, log.Types.AliasesOf(typeof(TEvent)), beside, older, position, max, ct);

    /// <returns>When the event at the position was written.</returns>
    internal async Task<DateTimeOffset> ReachedAtAsync(CancellationToken ct) =>
        (await log.Reader.ReadAsync(new(position - 1, position), 1, ct))[0].At;

    /// <summary>All events on a topic from a moment on up to the position.</summary>
    internal async IAsyncEnumerable<RecordedEvent> TopicsSinceAsync(
        Topic topic,
        DateTimeOffset from,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await foreach (var e in TopicsAsync([topic], ct, await log.Reader.PositionBeforeAsync(from, ct)))
            yield return e;
    }

    /// <exception cref="PointInTimeTooLongException">More events than one request may fold.</exception>
    internal async Task FoldAsync(IAsyncEnumerable<RecordedEvent> events, params PointInTimeTable[] tables)
    {
        await foreach (var e in events)
        {
            Count(1);
            foreach (var table in tables)
                table.Fold(e);
        }
    }

    /// <summary>
    /// Folds the topics' newest events up to the position, then twice as many, until there are enough rows. Only for
    /// projections whose rows one event creates and at most one other removes, both on the topics: then every row found
    /// is complete.
    /// </summary>
    /// <exception cref="PointInTimeTooLongException">More events than one request may fold.</exception>
    internal async Task FoldBackAsync<TRow, TKey>(
        PointInTimeTable<TRow, TKey> table,
        IReadOnlyCollection<Topic> topics,
        Func<IReadOnlyCollection<TRow>, bool> enough,
        CancellationToken ct
    )
        where TRow : class
        where TKey : notnull
    {
        var events = new List<RecordedEvent>();
        var upTo = position;
        for (var wanted = StepEventsMin; ; wanted *= 2)
        {
            while (events.Count < wanted)
            {
                var max = Math.Min(wanted - events.Count, LogReader.PageEventsMax);
                var page = await _topics.ReadBackAsync(topics, upTo, max, ct);
                Count(page.Count);
                events.InsertRange(0, page);
                upTo = page.Count < max ? 0 : page[0].Position - 1;
                if (upTo == 0)
                    break;
            }
            table.Clear();
            foreach (var e in events)
                table.Fold(e);
            if (upTo == 0 || enough(table.Rows))
                return;
        }
    }

    string IQueryTables.NameOf(IProjection projection)
    {
        var name = PointInTimeTable.NameOf(projection);
        if (_tables.ContainsKey(name))
            return name;
        var view = PresentTables.Instance.NameOf(projection);
        throw new InvalidOperationException($"{view} was not folded as of {position}");
    }

    CommandDefinition IQueryTables.Command(string sql, string? with, object? parameters, CancellationToken ct)
    {
        var given = new DynamicParameters(parameters);
        // A name within a longer one adds a table that the query does not read, which costs little.
        var expressions = _tables
            .Where(table =>
                sql.Contains(table.Key, StringComparison.Ordinal)
                || with?.Contains(table.Key, StringComparison.Ordinal) == true
            )
            .Select(table => table.Value.Sql(given))
            .ToList();
        if (with is not null)
            expressions.Add(with);
        var complete = expressions.Count == 0 ? sql : $"with {string.Join(",\n", expressions)}\n{sql}";
        return new(complete, given, cancellationToken: ct);
    }

    private void Count(int events)
    {
        if ((_events += events) > eventsMax)
            throw new PointInTimeTooLongException(position, eventsMax);
    }
}

/// <summary>The queries' way from the tables they were given to the point in time, if it is one.</summary>
internal static class PointInTimeTables
{
    /// <returns>Null when the query reads the present.</returns>
    public static PointInTime? PointInTime(this ReadModels views) => views.Tables as PointInTime;
}

/// <summary>An answer depends on more events than one request may fold.</summary>
public sealed class PointInTimeTooLongException(long position, int eventsMax)
    : Exception(
        $"asOf is {position}; this rests on more than {eventsMax:N0} events up to there, which is the limit of one "
            + "request: ask for less of it, or replay the log"
    );
