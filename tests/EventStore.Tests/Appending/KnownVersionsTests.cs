using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Appending;
using Veza.EventStore.Personal;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Appending;

/// <summary>Versions that a node remembers save look-ups. They must never hide a change by another node.</summary>
public class KnownVersionsTests(LogFixture fixture)
{
    /// <summary>One more event than the function searches; after so many a node must look the version up.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(512)]
    [InlineData(513)]
    public async Task A_stream_that_another_node_appended_to_meanwhile_has_the_version_it_made(int others)
    {
        var database = await fixture.NewDatabaseAsync();
        await using var first = await OpenAsync(database);
        await using var second = await OpenAsync(database);
        var (changed, left) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await AcceptedAsync(
            first,
            Command(Change(changed, 0, new Cleared(changed)), Change(left, 0, new Cleared(left)))
        );
        await AcceptedAsync(
            second,
            Command(Change(changed, 1, [.. Enumerable.Range(0, others).Select(_ => new Cleared(changed))]))
        );

        var outcome = await first.Appender.AppendAsync(Command(Change(changed, 1, new Cleared(changed))));
        Assert.Equal(new AppendOutcome.VersionConflict(changed, 1 + others), outcome);
        Assert.Equal(2, (await AcceptedAsync(first, Command(Change(left, 1, new Cleared(left))))).Version);
        Assert.Equal(
            2 + others,
            (await AcceptedAsync(first, Command(Change(changed, 1 + others, new Cleared(changed))))).Version
        );
        Assert.Equal(
            3 + others,
            (await AcceptedAsync(first, Command(Change(changed, 2 + others, new Cleared(changed))))).Version
        );
    }

    /// <summary>In partitions of ten, so that a stream's newest events lie in several.</summary>
    [Fact]
    public async Task A_node_that_knows_nothing_finds_the_version_of_a_stream_of_any_length()
    {
        const int LengthMax = 20;
        var database = await fixture.NewDatabaseAsync();
        var streams = Enumerable
            .Range(1, LengthMax)
            .Select(length => (Id: Guid.CreateVersion7(), Length: length))
            .ToArray();
        var seen = new long[streams.Length];
        await using (
            var first = await EventLog.OpenAsync(
                database,
                Types,
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None,
                partitionEvents: 10
            )
        )
            for (var version = 0; version < LengthMax; version++)
                foreach (var (i, (id, length)) in streams.Index())
                    if (version < length)
                        seen[i] = (await AcceptedAsync(first, Command(Change(id, version, new Cleared(id))))).Position;
        await using var second = await OpenAsync(database);
        foreach (var (i, (id, length)) in streams.Index())
        {
            foreach (var wrong in (long[])[0, length - 1, length + 1])
                Assert.Equal(
                    new AppendOutcome.VersionConflict(id, length),
                    await second.Appender.AppendAsync(
                        Command(new StreamChange(id, "counter", wrong, [new Cleared(id)], wrong == 0 ? 0 : seen[i]))
                    )
                );
            Assert.Equal(
                length + 1,
                (
                    await AcceptedAsync(
                        second,
                        Command(new StreamChange(id, "counter", length, [new Cleared(id)], seen[i]))
                    )
                ).Version
            );
        }
    }

    [Fact]
    public async Task A_version_that_is_not_the_known_one_is_refused()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        for (var version = 0; version < 3; version++)
            await AcceptedAsync(log, Command(Change(stream, version, new Cleared(stream))));
        foreach (var wrong in (long[])[0, 2, 4])
            Assert.Equal(
                new AppendOutcome.VersionConflict(stream, 3),
                await log.Appender.AppendAsync(Command(Change(stream, wrong, new Cleared(stream))))
            );
    }

    [Fact]
    public async Task Of_streams_that_two_nodes_append_to_in_turns_each_knows_what_the_other_made()
    {
        const int Turns = 40;
        var database = await fixture.NewDatabaseAsync();
        await using var first = await OpenAsync(database);
        await using var second = await OpenAsync(database);
        var streams = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        var random = new Random(40);
        var versions = new long[streams.Length];
        for (var turn = 0; turn < Turns; turn++)
        {
            var (one, other) = turn % 2 == 0 ? (first, second) : (second, first);
            var here = random.GetItems(Enumerable.Range(0, streams.Length).ToArray(), 8).Distinct().ToArray();
            var outcomes = await Task.WhenAll(
                here.Select(i =>
                    one.Appender.AppendAsync(Command(Change(streams[i], versions[i], new Cleared(streams[i]))))
                )
            );
            Assert.All(outcomes, o => Assert.IsType<AppendOutcome.Accepted>(o));
            foreach (var i in here)
            {
                versions[i]++;
                Assert.Equal(
                    new AppendOutcome.VersionConflict(streams[i], versions[i]),
                    await other.Appender.AppendAsync(
                        Command(Change(streams[i], versions[i] - 1, new Cleared(streams[i])))
                    )
                );
            }
        }
        Assert.Equal(versions.Sum(), await first.Reader.HeadAsync(TestContext.Current.CancellationToken));
        Assert.True(
            (
                await new Veza.EventStore.Verification.LogVerifier(first.Database, []).VerifyAsync(
                    TestContext.Current.CancellationToken
                )
            ).IsSound
        );
    }

    [Fact]
    public async Task A_refused_command_in_a_batch_leaves_the_others_positions_and_the_chain_intact()
    {
        await using var log = await fixture.OpenNewAsync();
        var streams = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7()).ToArray();
        foreach (var stream in streams)
            await AcceptedAsync(log, Command(Change(stream, 0, new Cleared(stream))));

        // The odd ones expect a wrong version. All arrive while one batch is in flight.
        var outcomes = await Task.WhenAll(
            streams.Select(
                (stream, i) =>
                    log.Appender.AppendAsync(
                        Command(Change(stream, 1 + (i % 2), new Cleared(stream), new Cleared(stream)))
                    )
            )
        );
        Assert.Equal(streams.Select((_, i) => i % 2 == 0), outcomes.Select(o => o is AppendOutcome.Accepted));
        Assert.Equal(
            outcomes.OfType<AppendOutcome.Accepted>().Select((_, i) => 42L + (2 * i)),
            outcomes.OfType<AppendOutcome.Accepted>().Select(a => a.Position).Order()
        );
        foreach (var (outcome, stream) in outcomes.Zip(streams).Where(o => o.First is AppendOutcome.Accepted))
        {
            var events = await log.Reader.ReadAsync(0, long.MaxValue, 10, null, stream, CancellationToken.None);
            Assert.Equal([1, 2, 3], events.Select(e => e.Version));
            Assert.Equal(((AppendOutcome.Accepted)outcome).Position, events[^1].Position);
        }
        Assert.True(
            (
                await new Veza.EventStore.Verification.LogVerifier(log.Database, []).VerifyAsync(
                    TestContext.Current.CancellationToken
                )
            ).IsSound
        );
    }

    [Fact]
    public void The_least_recently_changed_streams_are_evicted_first()
    {
        var known = new KnownVersions();
        var streams = Enumerable
            .Range(0, (2 * KnownVersions.GenerationStreamsMax) + 1)
            .Select(_ => Guid.CreateVersion7())
            .ToArray();
        known.Learn(Batch(streams), Answer(0));
        Assert.Equal(streams.Length, known.Head);
        Assert.Equal(0, known.Of(streams[0]));
        Assert.Equal(1, known.Of(streams[KnownVersions.GenerationStreamsMax]));
        Assert.Equal(1, known.Of(streams[^1]));
        Assert.Equal(1, known.Of(streams[^2]));

        // No appends since; appends to two streams since; and more since than the answer lists.
        known.Learn(Batch([]), Answer(known.Head));
        Assert.Equal(1, known.Of(streams[^1]));
        var another = Guid.CreateVersion7();
        known.Learn(
            Batch([]),
            Answer(known.Head + 5, (streams[^1], 2), (another, 2), (another, 1), (streams[^1], 4), (streams[^1], 3))
        );
        Assert.Equal(
            (4, 1, 2, streams.Length + 5),
            (known.Of(streams[^1]), known.Of(streams[^2]), known.Of(another), known.Head)
        );
        known.Learn(Batch([]), Answer(known.Head + 5));
        Assert.Equal((0, 0), (known.Of(streams[^1]), known.Of(streams[^2])));
    }

    private static BatchArrays Batch(Guid[] streams)
    {
        var cipher = new PersonalDataCipher(Types, keys: null);
        return new(
            [.. streams.Select(s => new PendingAppend(Command(Change(s, 0, new Cleared(s))), cipher, 0))],
            streams.Length
        );
    }

    private static AppendAnswer Answer(long oldHead, params (Guid Stream, long Version)[] others) =>
        new(null, oldHead, DateTimeOffset.UnixEpoch)
        {
            ChangedStreams = others.Length == 0 ? null : [.. others.Select(o => o.Stream)],
            ChangedVersions = others.Length == 0 ? null : [.. others.Select(o => o.Version)],
        };

    private static async Task<AppendOutcome.Accepted> AcceptedAsync(EventLog log, AppendRequest request) =>
        Assert.IsType<AppendOutcome.Accepted>(await log.Appender.AppendAsync(request));
}
