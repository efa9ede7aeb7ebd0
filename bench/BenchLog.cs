using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;

namespace Veza.Bench;

public abstract record BenchEvent;

/// <summary>A message as people write it: some 370 bytes of JSON.</summary>
public sealed record SomethingHappened(Guid Id, Guid ChannelId, Guid AuthorId, string Text) : BenchEvent;

/// <summary>The log under measurement, with streams whose versions the callers know.</summary>
internal sealed class BenchLog
{
    public const int Streams = 10_000;
    private const string Text =
        "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price, and the break at 2:40 made me miss my stop. Listening party at nine tonight, bring headphones, bring friends \u2014 #general";

    // Where people write, and who does, is there before.
    private static readonly Guid[] Places = [.. Enumerable.Range(0, 1000).Select(_ => Guid.CreateVersion7())];

    private readonly Guid[] _streams = [.. Enumerable.Range(0, Streams).Select(_ => Guid.CreateVersion7())];
    private readonly (long Version, long Position)[] _seen = new (long, long)[Streams];

    public static EventTypes Types { get; } = EventTypes.DerivedFrom(typeof(BenchEvent));
    private static readonly PersonalDataCipher Cipher = new(Types, keys: null);

    public static SomethingHappened Event() =>
        new(
            Guid.CreateVersion7(),
            Places[Random.Shared.Next(Places.Length)],
            Places[Random.Shared.Next(Places.Length)],
            Text
        );

    public static Task<EventLog> OpenAsync(string connectionString) =>
        EventLog.OpenAsync(
            connectionString,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

    /// <summary>Appends to one of the caller's own streams, picked at random, at the version it has.</summary>
    public async Task<int> AppendAsync(EventLog log, int caller, int callers)
    {
        var stream = OneOf(caller, callers);
        var outcome = await log.Appender.AppendAsync(Next(stream));
        if (outcome is not AppendOutcome.Accepted accepted)
            throw new InvalidOperationException($"expected to be accepted, was {outcome}");
        _seen[stream] = (accepted.Version, accepted.Position);
        return 1;
    }

    /// <summary>
    /// One event for each of as many streams, picked at random. Later ones follow on it, so it must be appended.
    /// </summary>
    public AppendBatch Batch(int commands)
    {
        var batch = new AppendBatch(Types, commands);
        for (var i = 0; i < commands; i++)
        {
            var stream = OneOf(i, commands);
            batch.TryAdd(new(Next(stream), Cipher, generation: 0));
            _seen[stream].Version++;
        }
        return batch;
    }

    private static int OneOf(int caller, int callers) => (Random.Shared.Next(Streams / callers) * callers) + caller;

    private AppendRequest Next(int stream) =>
        new(
            Guid.CreateVersion7(),
            [new(_streams[stream], "bench", _seen[stream].Version, [Event()], _seen[stream].Position)],
            []
        );

    /// <summary>A new stream for each command, as a message is.</summary>
    public static async Task<int> StartAsync(EventLog log)
    {
        await log.Appender.AppendAsync(
            new(Guid.CreateVersion7(), [new(Guid.CreateVersion7(), "bench", 0, [Event()])], [])
        );
        return 1;
    }

    /// <summary>Fills the log as fast as it goes: many events in a command, each command a new stream.</summary>
    public static async Task FillAsync(EventLog log, long head)
    {
        const int EventsInACommand = 128;
        await Task.WhenAll(
            Enumerable
                .Range(0, 32)
                .Select(async _ =>
                {
                    while (log.Head < head)
                        await log.Appender.AppendAsync(
                            new(
                                Guid.CreateVersion7(),
                                [
                                    new(
                                        Guid.CreateVersion7(),
                                        "bench",
                                        0,
                                        [.. Enumerable.Range(0, EventsInACommand).Select(_ => (object)Event())]
                                    ),
                                ],
                                []
                            )
                        );
                })
        );
    }
}
