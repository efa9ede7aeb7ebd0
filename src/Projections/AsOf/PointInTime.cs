using System.Data;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Dapper;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.EventStore.Reading;
using Veza.Projections.Topics;

namespace Veza.Projections.AsOf;

/// <summary>
/// The read models as they stood at a position. A query asked with <see cref="Views"/> names the events that made the
/// rows it is about; they are folded here, up to the position, and the query's own SQL then reads these rows in place
/// of the tables. One is made for one request.
/// </summary>
/// <param name="position">
/// From 1 up to the log's head; the projections asked, and <see cref="TopicIndex.Name"/>, must have reached it.
/// </param>
/// <param name="moment">The time asked for, or that of the event at the position.</param>
/// <param name="eventsMax">Events that may be folded in all.</param>
public sealed partial class PointInTime(
    EventLog log,
    long position,
    DateTimeOffset moment,
    int eventsMax = PointInTime.EventsMax
)
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

    /// <summary>For the queries: what they read through it is as of the position.</summary>
    public ReadModels Views => new(log.Database, this);

    /// <summary>The tables as they are now, to learn where in the log something began: never what it is like.</summary>
    internal ReadModels Now { get; } = new(log.Database);

    /// <summary>The rows of a projection, none at first.</summary>
    internal PointInTimeTable<TRow, TKey> Table<TRow, TKey>(Projection<TRow, TKey> projection)
        where TRow : class
        where TKey : notnull
    {
        var view = PointInTimeTable.ViewOf(projection);
        if (!_tables.TryGetValue(view, out var table))
            _tables.Add(view, table = new PointInTimeTable<TRow, TKey>(projection));
        return (PointInTimeTable<TRow, TKey>)table;
    }

    /// <summary>
    /// Rows that nothing changes once they are made are read from the table: as of the position there were those made
    /// up to it.
    /// </summary>
    /// <exception cref="ArgumentException">Some event changes the projection's rows.</exception>
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
    /// <param name="from">No event of any of them is before it, as far as is known.</param>
    internal IAsyncEnumerable<RecordedEvent> StreamsAsync(
        IEnumerable<Guid> streams,
        CancellationToken ct,
        long from = 1
    ) => log.Reader.ReadStreamsAsync([.. streams.Distinct()], from - 1, position, eventsMax - _events + 1, ct);

    /// <summary>All events on topics after <paramref name="after"/> up to the position.</summary>
    internal IAsyncEnumerable<RecordedEvent> TopicsAsync(
        IReadOnlyCollection<string> topics,
        CancellationToken ct,
        long after = 0
    ) => _topics.ReadAllAsync(topics, after, position, ct);

    /// <summary>As <see cref="TopicIndex.NearestStreamsAsync"/>, up to the position.</summary>
    internal Task<List<(Guid Stream, long Position)>> NearestStreamsAsync<TEvent>(
        string topic,
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
        string topic,
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
    /// Folds topics from some way back up to the position, further and further back, until there are enough rows. For
    /// projections whose rows are made by one event and, at most, removed by another, both on the topics: then whatever
    /// row there is, is whole.
    /// </summary>
    /// <exception cref="PointInTimeTooLongException">More events than one request may fold.</exception>
    internal async Task FoldBackAsync<TRow, TKey>(
        PointInTimeTable<TRow, TKey> table,
        IReadOnlyCollection<string> topics,
        Func<IReadOnlyCollection<TRow>, bool> enough,
        CancellationToken ct
    )
        where TRow : class
        where TKey : notnull
    {
        var (events, upTo) = (new List<RecordedEvent>(), position);
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

    /// <summary>A query that names views, over the rows that were folded.</summary>
    /// <exception cref="InvalidOperationException">
    /// It names a view that it did not see to: its rows would be today's.
    /// </exception>
    internal CommandDefinition Command(string sql, object? parameters, CancellationToken ct)
    {
        var given = new DynamicParameters(parameters);
        var named = new SortedSet<string>(StringComparer.Ordinal);
        sql = ViewName()
            .Replace(sql, match =>
            {
                named.Add(match.Groups["view"].Value);
                return "past_" + match.Groups["view"].Value;
            });
        var rows = named.Select(view =>
            (
                _tables.GetValueOrDefault(view)
                ?? throw new InvalidOperationException($"views.{view} was not folded as of {position}")
            ).Sql(given)
        );
        var own = With().Match(sql);
        return new(
            $"with {string.Join(",\n", rows)}{(own.Success ? "," + sql[own.Length..] : "\n" + sql)}",
            given,
            cancellationToken: ct
        );
    }

    private void Count(int events)
    {
        if ((_events += events) > eventsMax)
            throw new PointInTimeTooLongException(position, eventsMax);
    }

    [GeneratedRegex(@"\bviews\.(?<view>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ViewName();

    [GeneratedRegex(@"^\s*with\b")]
    private static partial Regex With();
}

/// <summary>What was asked rests on more events than one request may fold.</summary>
public sealed class PointInTimeTooLongException(long position, int eventsMax)
    : Exception(
        $"asOf is {position}; this rests on more than {eventsMax:N0} events up to there, which is the limit of one request: ask for less of it, or replay the log"
    );
