using System.Collections.Concurrent;
using System.Text;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Load;

public abstract record LoadEvent;

/// <summary>The aggregate type by which Marten names the streams.</summary>
public sealed record LoadStream;

/// <summary>Unique among all events, so that a duplicate shows.</summary>
public sealed record Written(Guid Command, int Step, string Filler) : LoadEvent;

/// <summary>
/// Writers that each send a request and wait for its answer before the next: new and shared streams, several streams in
/// one command, names, repeated command ids, wrong versions, poison.
/// </summary>
/// <param name="ask">Sends a request and records it with its answer.</param>
/// <param name="seed">Decides the requests. Loads with the same seed share their streams.</param>
/// <param name="hot">All writers write one stream.</param>
/// <param name="streamsOnly">Neither names nor repeated command ids.</param>
public sealed class MixedLoad(
    Func<AppendRequest, Task<Answer>> ask,
    int seed,
    bool hot = false,
    bool streamsOnly = false
)
{
    private const int SharedStreams = 40;
    private const int ContestedNames = 6;
    private const int RepeatsKeptMax = 32;

    /// <summary>Keeps a full disk from filling the history with refusals.</summary>
    private static readonly TimeSpan NoRoomWait = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<Guid, long> _versions = new();
    private readonly ConcurrentQueue<AppendRequest> _answered = new();
    private readonly ConcurrentQueue<(Guid Owner, string Name)> _held = new();
    private long _accepted;

    public static EventTypes Types { get; } = EventTypes.DerivedFrom(typeof(LoadEvent));

    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Runs until it is stopped, and then waits for the last answer.</summary>
    public Task RunAsync(int writers, CancellationToken stop) =>
        Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(writer =>
                    Task.Run(
                        async () =>
                        {
                            var random = new Random(HashCode.Combine(seed, writer));
                            while (!stop.IsCancellationRequested)
                                await StepAsync(random, stop);
                        },
                        CancellationToken.None
                    )
                )
        );

    public static AppendRequest Command(params (Guid Stream, long Expected, int Events)[] changes) =>
        Command(Guid.CreateVersion7(), "", changes);

    /// <summary>A request whose id may be repeated, with an answer to remember.</summary>
    public static AppendRequest Repeatable(AppendRequest request, int answerBytes = 0) =>
        request with
        {
            Fingerprint = request.CommandId.ToByteArray(),
            Answer = Encoding.UTF8.GetBytes(
                $$"""{"of":"{{request.CommandId}}","filler":"{{new string('a', answerBytes)}}"}"""
            ),
        };

    private static AppendRequest Command(
        Guid id,
        string filler,
        params (Guid Stream, long Expected, int Events)[] changes
    )
    {
        var step = 0;
        return new(
            id,
            [
                .. changes.Select(c => new StreamChange(
                    c.Stream,
                    "load",
                    c.Expected,
                    [.. Enumerable.Range(0, c.Events).Select(_ => new Written(id, step++, filler))]
                )),
            ],
            []
        );
    }

    private Task StepAsync(Random random, CancellationToken stop) =>
        hot
            ? AskAsync(Command((Shared(0), Version(Shared(0)), 1)), stop)
            : random.Next(100) switch
            {
                < 30 => AskAsync(Command((Guid.CreateVersion7(), 0, 1 + random.Next(2))), stop),
                < 60 => AskAsync(Command(Known(random, 1 + random.Next(2))), stop),
                < 70 => SeveralAsync(random, stop),
                < 93 when streamsOnly => AskAsync(Command(Known(random, 1)), stop),
                < 80 => NameAsync(random, stop),
                < 93 => RepeatAsync(random, stop),
                // PostgreSQL's JSON cannot hold U+0000. The command is refused, and at first the batch around it fails
                // too.
                < 95 => AskAsync(Command(Guid.CreateVersion7(), "\0", Known(random, 1)), stop),
                _ => AskAsync(Command(Wrong(random)), stop),
            };

    private Task SeveralAsync(Random random, CancellationToken stop)
    {
        var (one, other) = (random.Next(SharedStreams), random.Next(SharedStreams - 1));
        if (other >= one)
            other++;
        return AskAsync(
            Command(
                (Shared(one), Version(Shared(one)), 1),
                (Guid.CreateVersion7(), 0, 2),
                (Shared(other), Version(Shared(other)), 1)
            ),
            stop
        );
    }

    private async Task NameAsync(Random random, CancellationToken stop)
    {
        if (random.Next(2) == 0 && _held.TryDequeue(out var held))
        {
            var release = Command((held.Owner, Version(held.Owner), 1)) with
            {
                Names = [new("load", held.Name, held.Owner, Claim: false)],
            };
            if (await AskAsync(release, stop) is not { IsYes: true })
                _held.Enqueue(held);
            return;
        }
        var (owner, name) = (Guid.CreateVersion7(), $"name{random.Next(ContestedNames)}");
        if (
            await AskAsync(Command((owner, 0, 1)) with { Names = [new("load", name, owner, Claim: true)] }, stop) is
            { IsYes: true }
        )
            _held.Enqueue((owner, name));
    }

    private async Task RepeatAsync(Random random, CancellationToken stop)
    {
        if (random.Next(2) == 0 && _answered.TryDequeue(out var old))
        {
            await AskAsync(old, stop);
            return;
        }
        var request = Repeatable(Command(random.Next(2) == 0 ? (Guid.CreateVersion7(), 0, 2) : Known(random, 1)));
        var answers = await Task.WhenAll(Enumerable.Range(0, 2 + random.Next(2)).Select(_ => AskAsync(request, stop)));
        if (answers.Any(a => a is { IsYes: true }) && _answered.Count < RepeatsKeptMax)
            _answered.Enqueue(request);
    }

    private async Task<Answer> AskAsync(AppendRequest request, CancellationToken stop)
    {
        var answer = await ask(request);
        // After an unknown outcome, a caller with a command id asks again.
        while (answer.Kind == AnswerKind.Unknown && request.Fingerprint is not null && !stop.IsCancellationRequested)
            answer = await ask(request);
        // After a refusal for lack of space, a caller retries later.
        if (answer.Kind == AnswerKind.NoRoom)
            await ((Task)Task.Delay(NoRoomWait, stop)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (answer.IsYes)
        {
            Interlocked.Increment(ref _accepted);
            foreach (var change in request.Changes)
                Learn(change.StreamId, change.ExpectedVersion + change.Events.Count);
        }
        else if (answer.Kind == AnswerKind.VersionConflict)
            Learn(answer.Stream, answer.Version);
        return answer;
    }

    private (Guid, long, int) Known(Random random, int events)
    {
        var stream = Shared(random.Next(SharedStreams));
        return (stream, Version(stream), events);
    }

    private (Guid, long, int) Wrong(Random random)
    {
        var stream = Shared(random.Next(SharedStreams));
        return (stream, Math.Max(0, Version(stream) + random.Next(-3, 4)), 1);
    }

    private void Learn(Guid stream, long version) =>
        _versions.AddOrUpdate(stream, version, (_, known) => Math.Max(known, version));

    private long Version(Guid stream) => _versions.GetValueOrDefault(stream);

    private Guid Shared(int index) => new(seed, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)index);
}
