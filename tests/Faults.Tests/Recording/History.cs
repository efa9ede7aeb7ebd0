using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;

namespace Veza.Faults.Tests.Recording;

/// <summary>An event as a reader saw it.</summary>
public sealed record LogRow(
    long Position,
    Guid Id,
    Guid Stream,
    long Version,
    string Type,
    Guid CommandId,
    DateTimeOffset At,
    string Body
)
{
    public static LogRow Of(RecordedEvent e) =>
        new(e.Position, e.Id, e.StreamId, e.Version, e.Type, e.CommandId, e.At, Encoding.UTF8.GetString(e.Json.Span));
}

public sealed record NameRow(string Scope, string Name, Guid Owner);

/// <summary>One reader's first sight of one event.</summary>
/// <param name="Live">Seen in a node's tail, as a subscriber would.</param>
public sealed record Sighting(string Reader, bool Live, LogRow Row);

/// <summary>The log in one database snapshot.</summary>
/// <param name="Chain">The head according to the chain of batches.</param>
public sealed record Snapshot(
    string Reader,
    long Count,
    long Lowest,
    long Highest,
    long Chain,
    IReadOnlyList<NameRow> Names
);

/// <summary>A fault, and the nodes that survived it.</summary>
/// <param name="EndedAt">In ticks of <see cref="Stopwatch"/>.</param>
public sealed record FaultEnd(string Name, long EndedAt, IReadOnlyList<string> Survivors);

/// <summary>
/// All requests and answers of callers and all observations of readers while faults strike. Safe to use from many
/// threads.
/// </summary>
/// <remarks>It throws beyond a bound, which fails the test: a history with gaps proves nothing.</remarks>
public sealed class History
{
    /// <summary>Some minutes of load; a call takes about a kilobyte.</summary>
    public const int CallsMax = 500_000;
    public const int SightingsMax = 2_000_000;
    public const int SnapshotsMax = 100_000;

    private readonly ConcurrentQueue<Call> _calls = new();
    private readonly ConcurrentQueue<Sighting> _sightings = new();
    private readonly ConcurrentQueue<Snapshot> _snapshots = new();
    private readonly ConcurrentQueue<FaultEnd> _faults = new();
    private readonly ConcurrentDictionary<string, int> _numbers = new();
    private int _callCount,
        _sightingCount,
        _snapshotCount;

    public IReadOnlyCollection<Call> Calls => _calls;
    public IReadOnlyCollection<Sighting> Sightings => _sightings;
    public IReadOnlyCollection<Snapshot> Snapshots => _snapshots;
    public IReadOnlyCollection<FaultEnd> Faults => _faults;

    /// <summary>Must be called before the request is sent.</summary>
    public Call Asked(string node, AppendRequest request, EventTypes types) =>
        Asked(Ask.Of(node, _numbers.AddOrUpdate(node, 1, (_, n) => n + 1), request, types));

    public Call Asked(Ask ask)
    {
        Count(ref _callCount, CallsMax);
        var call = new Call(ask);
        _calls.Enqueue(call);
        return call;
    }

    public void Saw(Sighting sighting)
    {
        Count(ref _sightingCount, SightingsMax);
        _sightings.Enqueue(sighting);
    }

    public void Saw(Snapshot snapshot)
    {
        Count(ref _snapshotCount, SnapshotsMax);
        _snapshots.Enqueue(snapshot);
    }

    /// <summary>Marks the end of the fault: from now on each of the nodes has 10 s to append again.</summary>
    public FaultEnd FaultEnded(string name, params IReadOnlyList<string> survivors)
    {
        var fault = new FaultEnd(name, Stopwatch.GetTimestamp(), survivors);
        _faults.Enqueue(fault);
        return fault;
    }

    /// <summary>Sends a request to a log, or to its substitute, and records it with its answer.</summary>
    public async Task<Answer> AppendAsync(
        string node,
        Func<AppendRequest, Task<AppendOutcome>> append,
        AppendRequest request,
        EventTypes types
    )
    {
        var call = Asked(node, request, types);
        Answer answer;
        try
        {
            answer = Answer.Of(await append(request));
        }
        catch (Exception fault)
        {
            answer = Answer.Of(fault);
        }
        call.Answered(answer, Stopwatch.GetTimestamp());
        return answer;
    }

    private static void Count(ref int count, int max)
    {
        if (Interlocked.Increment(ref count) > max)
            throw new InvalidOperationException($"the history holds {max} entries and takes no more");
    }
}
