using FsCheck;
using FsCheck.Fluent;
using Veza.Domain.Chat.Communities;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.Fixtures;

namespace Veza.Commands.Tests;

/// <summary>The log in memory, on which tests of rules run, decides as PostgreSQL does.</summary>
[Collection<OverPostgres>]
public class MemoryLogTests(TestLog log)
{
    private const int Histories = 12;
    private const int Commands = 40;
    private const int Keys = 5;

    /// <param name="Streams">Of three; events are appended at the stream's version, or close to it.</param>
    /// <param name="Names">Of two, each claimed or released for one of two owners.</param>
    /// <param name="Key">One of a few idempotency keys, or none.</param>
    public sealed record Step(
        (int Stream, int Events, int VersionOff)[] Streams,
        (int Name, int Owner, bool Claim)[] Names,
        int? Key
    );

    [Fact]
    public async Task It_decides_random_commands_as_PostgreSQL_does()
    {
        var streams =
            from stream in Gen.Choose(0, 2)
            from events in Gen.Choose(0, 3)
            from off in Gen.Frequency((12, Gen.Constant(0)), (1, Gen.Constant(-1)), (1, Gen.Constant(1)))
            select (stream, events, off);
        var names =
            from name in Gen.Choose(0, 1)
            from owner in Gen.Choose(0, 1)
            from claim in Gen.Elements(true, true, false)
            select (name, owner, claim);
        // Most are accepted: what is refused changes nothing that the next is decided on.
        var steps =
            from streamCount in Gen.Choose(0, 2)
            from s in streams.ArrayOf(streamCount)
            from nameCount in Gen.Choose(0, 2)
            from n in names.ArrayOf(nameCount)
            from key in Gen.Frequency((3, Gen.Constant<int?>(null)), (1, Gen.Choose(0, Keys - 1).Select(k => (int?)k)))
            select new Step([.. s.DistinctBy(c => c.stream)], [.. n.DistinctBy(c => c.name)], key);
        var kinds = new HashSet<Type>();
        var same = Prop.ForAll(Arb.From(steps.ArrayOf(Commands)), history =>
            CompareAsync(history, kinds).GetAwaiter().GetResult()
        );
        // On a thread of its own, because FsCheck blocks it.
        await Task.Factory.StartNew(
            () => Check.One(Config.QuickThrowOnFailure.WithMaxTest(Histories), same),
            TaskCreationOptions.LongRunning
        );
        // The commands met every outcome.
        Assert.Equal(4, kinds.Count);
    }

    private async Task CompareAsync(Step[] history, HashSet<Type> kinds)
    {
        var memory = new MemoryLog(TestLog.EventTypes);
        IDecisionLog postgres = log.Log;
        var ids = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7()).ToArray();
        var keys = Enumerable.Range(0, Keys).Select(_ => Guid.CreateVersion7()).ToArray();
        var scope = $"{Guid.CreateVersion7():N}";
        var before = postgres.Head;
        foreach (var step in history)
        {
            var changes = new List<StreamChange>();
            foreach (var (stream, events, off) in step.Streams)
            {
                var version = (await memory.LoadAsync(typeof(FoundedCommunities), ids[stream], default)).Version;
                var counted = Enumerable.Range(0, events).Select(_ => new CommunityCounted(ids[stream], ids[0]));
                changes.Add(new(ids[stream], "founded_communities", Math.Max(0, version + off), [.. counted]));
            }
            var request = new AppendRequest(
                step.Key is { } key ? keys[key] : Guid.CreateVersion7(),
                changes,
                [.. step.Names.Select(n => new UniqueNameClaim(scope, $"name {n.Name}", ids[n.Owner], n.Claim))],
                Answer: step.Key is null ? null : "{}"u8.ToArray(),
                Fingerprint: step.Key is null ? null : [1],
                Unchanged: (7, 0)
            );
            var expected = Comparable(await postgres.AppendAsync(request), before);
            kinds.Add(expected.GetType());
            Assert.Equal(expected, Comparable(await memory.AppendAsync(request), before: 0));
            Assert.Equal(postgres.Head - before, memory.Head);
        }
        foreach (var id in ids)
        {
            var expected = await postgres.LoadAsync(typeof(FoundedCommunities), id, default);
            var actual = await memory.LoadAsync(typeof(FoundedCommunities), id, default);
            Assert.Equal((expected.State, expected.Version), (actual.State, actual.Version));
        }
    }

    /// <summary>The outcome without its time and bytes; positions count from the history's beginning.</summary>
    private static AppendOutcome Comparable(AppendOutcome outcome, long before)
    {
        return outcome switch
        {
            AppendOutcome.Accepted a => new AppendOutcome.Accepted(a.Version, Since(a.Position), default),
            AppendOutcome.Duplicate d => new AppendOutcome.Duplicate(d.Version, Since(d.Position), null, null),
            _ => outcome,
        };

        // 0 is that of a command without events.
        long Since(long position) => position == 0 ? 0 : position - before;
    }
}
