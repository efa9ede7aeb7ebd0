using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.EventStore.Subscriptions;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Aggregates;

/// <summary>The same two event types in three releases of a program.</summary>
public class SchemaVersionTests(LogFixture fixture)
{
    private static class First
    {
        public sealed record NoteTaken(Guid Id, string Text);

        public sealed record NoteRated(Guid Id, int Stars);
    }

    private static class Second
    {
        public sealed record NoteTaken(Guid Id, string Title, string Body)
        {
            public static JsonObject FromV1(JsonObject old) =>
                new()
                {
                    ["id"] = old["id"]!.DeepClone(),
                    ["title"] = old["text"]!.GetValue<string>().Split(": ")[0],
                    ["body"] = old["text"]!.GetValue<string>().Split(": ")[1],
                };
        }

        public sealed record NoteRated(Guid Id, int Stars);
    }

    private static class Third
    {
        public sealed record NoteTaken(Guid Id, string Title, IReadOnlyList<string> Lines)
        {
            public static JsonObject FromV1(JsonObject old) => Second.NoteTaken.FromV1(old);

            public static JsonObject FromV2(JsonObject old)
            {
                var body = old["body"]!.GetValue<string>();
                old.Remove("body");
                old["lines"] = new JsonArray([.. body.Split('\n').Select(line => (JsonNode)line)]);
                return old;
            }
        }

        /// <summary>0 to 100.</summary>
        public sealed record NoteRated(Guid Id, int Percent)
        {
            public static JsonObject FromV1(JsonObject old) =>
                new() { ["id"] = old["id"]!.DeepClone(), ["percent"] = checked(old["stars"]!.GetValue<int>() * 20) };
        }
    }

    private sealed record Notes(Guid Id, string Said, int Rated)
    {
        public static Notes Create(Third.NoteTaken e) => new(e.Id, Say(e), 0);

        public Notes Apply(Third.NoteTaken e) => this with { Said = $"{Said}; {Say(e)}" };

        public Notes Apply(Third.NoteRated e) => this with { Rated = Rated + e.Percent };

        private static string Say(Third.NoteTaken e) => $"{e.Title} = {string.Join(", ", e.Lines)}";
    }

    public sealed record NoteRow(Guid Id, string Said);

    private sealed class NotesProjection : Projection<NoteRow, Guid>
    {
        public override string Name => "test.notes.v1";

        public NotesProjection() => Identity<Third.NoteTaken>(e => e.Id);

        public static NoteRow Create(Third.NoteTaken e) => new(e.Id, e.Title + e.Lines.Count);

        public static NoteRow Apply(Third.NoteTaken e, NoteRow row) =>
            row with
            {
                Said = row.Said + e.Title + e.Lines.Count,
            };
    }

    public sealed record RatingRow(Guid Id, int Percent);

    private sealed class RatingsProjection : Projection<RatingRow, Guid>
    {
        public override string Name => "test.ratings.v1";

        public RatingsProjection() => Identity<Third.NoteRated>(e => e.Id);

        public static RatingRow Create(Third.NoteRated e) => new(e.Id, e.Percent);
    }

    [Fact]
    public async Task A_stream_that_mixes_schema_versions_is_read_folded_and_projected_in_the_current_shape()
    {
        var (database, stream) = (await fixture.NewDatabaseAsync(), Guid.CreateVersion7());
        await AppendAsync(
            database,
            ReleaseOf(typeof(First)),
            stream,
            0,
            new First.NoteTaken(stream, "a: one"),
            new First.NoteRated(stream, 3)
        );
        await AppendAsync(
            database,
            ReleaseOf(typeof(Second)),
            stream,
            2,
            new Second.NoteTaken(stream, "b", "two\nthree"),
            new Second.NoteRated(stream, 1)
        );
        await using var log = await OpenAsync(database, ReleaseOf(typeof(Third)));
        await using var host = await ProjectionHost.OpenAsync(
            log,
            database,
            [new NotesProjection(), new RatingsProjection()],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        host.Start();
        var expected = new Notes(stream, "a = one; b = two, three", 80);
        Assert.Equal(expected, (await log.Aggregates.LoadAsync(typeof(Notes), stream, CancellationToken.None)).State);

        await log.Appender.AppendAsync(Command(Change(stream, 4, new Third.NoteTaken(stream, "c", []))));
        expected = expected with { Said = expected.Said + "; c = " };
        Assert.Equal(expected, (await log.Aggregates.LoadAsync(typeof(Notes), stream, CancellationToken.None)).State);
        log.Aggregates.Drop(stream);
        Assert.Equal(expected, (await log.Aggregates.LoadAsync(typeof(Notes), stream, CancellationToken.None)).State);

        var events = await log.Reader.ReadStreamAsync(stream, 0, CancellationToken.None).ToListAsync();
        Assert.Equal(
            ["note_taken", "note_rated", "note_taken_v2", "note_rated", "note_taken_v3"],
            events.Select(e => e.Type)
        );
        Assert.Equal(
            ["note_taken", "note_rated", "note_taken", "note_rated", "note_taken"],
            events.Select(e => e.Name)
        );
        Assert.Equal(["a", "b", "c"], events.Select(e => e.Data).OfType<Third.NoteTaken>().Select(e => e.Title));
        var notes = await log.Reader.ReadAsync(
            0,
            long.MaxValue,
            10,
            log.Types.AliasesOf(typeof(Third.NoteTaken)),
            null,
            CancellationToken.None
        );
        Assert.Equal([1L, 3, 5], notes.Select(e => e.Position));

        await host.WaitAsync(["test.notes.v1", "test.ratings.v1"], log.Head, TestContext.Current.CancellationToken);
        Assert.Equal("a1b2c0", await ScalarAsync(log, "select said from views.test_notes"));
    }

    private sealed class Ratings : ISubscription
    {
        public List<int> Seen { get; } = [];
        public string Name => "test.ratings_seen.v1";
        public IReadOnlySet<Type> Events => new HashSet<Type> { typeof(Third.NoteRated) };

        public Task WaitForRoomAsync(CancellationToken ct) => Task.CompletedTask;

        public ValueTask StoredAsync(CancellationToken ct) => ValueTask.CompletedTask;

        public Task StoreAsync(IReadOnlyList<RecordedEvent> events, NpgsqlTransaction transaction, CancellationToken ct)
        {
            Seen.AddRange(events.Select(e => ((Third.NoteRated)e.Data!).Percent));
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_subscription_is_given_the_events_of_every_schema_version()
    {
        var (database, stream) = (await fixture.NewDatabaseAsync(), Guid.CreateVersion7());
        await AppendAsync(
            database,
            ReleaseOf(typeof(First)),
            stream,
            0,
            new First.NoteTaken(stream, "a: one"),
            new First.NoteRated(stream, 3)
        );
        await using var log = await OpenAsync(database, ReleaseOf(typeof(Third)));
        await log.Appender.AppendAsync(Command(Change(stream, 2, new Third.NoteRated(stream, 45))));
        var ratings = new Ratings();
        await using var host = new SubscriptionHost(log, [ratings], TimeProvider.System, NullLoggerFactory.Instance);
        host.Start();
        await host.WaitAsync(ratings.Name, log.Head, TestContext.Current.CancellationToken);
        Assert.Equal([60, 45], ratings.Seen);
    }

    [Fact]
    public async Task An_upcaster_that_throws_faults_only_readers_of_that_event()
    {
        var (database, sick, healthy) = (
            await fixture.NewDatabaseAsync(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        await using var log = await OpenAsync(database, ReleaseOf(typeof(Third)));
        await using var host = await ProjectionHost.OpenAsync(
            log,
            database,
            [new NotesProjection(), new RatingsProjection()],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        host.Start();
        await log.Appender.AppendAsync(Command(Change(sick, 0, new Third.NoteTaken(sick, "a", []))));
        await log.Aggregates.LoadAsync(typeof(Notes), sick, CancellationToken.None);
        // A node of the first release appends so many stars that the upcaster overflows. This node has the aggregate in
        // its cache and follows.
        await AppendAsync(database, ReleaseOf(typeof(First)), sick, 1, new First.NoteRated(sick, int.MaxValue));
        await log.CatchUpAsync(CancellationToken.None);
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(Command(Change(healthy, 0, new Third.NoteTaken(healthy, "b", ["x"]))))
        );

        Assert.Equal(3, log.Head);
        Assert.Equal(
            new Notes(healthy, "b = x", 0),
            (await log.Aggregates.LoadAsync(typeof(Notes), healthy, CancellationToken.None)).State
        );
        var fault = await Assert.ThrowsAsync<JsonException>(async () =>
            await log.Aggregates.LoadAsync(typeof(Notes), sick, CancellationToken.None)
        );
        Assert.StartsWith(
            "note_rated could not be brought to schema version 2 of NoteRated: ",
            fault.Message,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["note_taken_v3", "note_rated"],
            (await log.Reader.ReadStreamAsync(sick, 0, CancellationToken.None).ToListAsync()).Select(e => e.Type)
        );
        await host.WaitAsync(["test.notes.v1"], log.Head, TestContext.Current.CancellationToken);
        await FaultedAsync(host, "test.ratings.v1", standsAt: 1);
    }

    [Fact]
    public async Task A_process_older_than_an_event_does_not_take_it_for_one_of_no_concern()
    {
        var (database, stream) = (await fixture.NewDatabaseAsync(), Guid.CreateVersion7());
        var newer = new EventTypes([typeof(Newer.NoteTaken), typeof(Third.NoteRated)]);
        await AppendAsync(database, newer, stream, 0, new Newer.NoteTaken(stream, "a"));
        await using var log = await OpenAsync(database, ReleaseOf(typeof(Third)));
        await using var host = await ProjectionHost.OpenAsync(
            log,
            database,
            [new NotesProjection()],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        host.Start();
        var fault = await Assert.ThrowsAsync<JsonException>(async () =>
            await log.Aggregates.LoadAsync(typeof(Notes), stream, CancellationToken.None)
        );
        Assert.Equal("note_taken_v4 is newer than this process, which knows note_taken_v3", fault.Message);
        await FaultedAsync(host, "test.notes.v1", standsAt: 0);
    }

    [Fact]
    public void Versions_are_declared_without_a_gap_in_the_one_shape_there_is()
    {
        Assert.Equal(
            (3, "note_taken_v3"),
            (EventType.Of(typeof(Third.NoteTaken)).SchemaVersion, EventType.Of(typeof(Third.NoteTaken)).Alias)
        );
        Assert.Equal(["note_taken", "note_taken_v2", "note_taken_v3"], EventType.Of(typeof(Third.NoteTaken)).Aliases);
        Assert.Equal(
            (1, "note_taken"),
            (EventType.Of(typeof(First.NoteTaken)).SchemaVersion, EventType.Of(typeof(First.NoteTaken)).Alias)
        );
        foreach (var wrong in (Type[])[typeof(Gap), typeof(NotJson), typeof(NotPublic), typeof(NoteTakenV2)])
            Assert.Throws<ArgumentException>(() => EventType.Of(wrong));
    }

    private static class Newer
    {
        public sealed record NoteTaken(Guid Id, string Title)
        {
            public static JsonObject FromV1(JsonObject old) => Third.NoteTaken.FromV1(old);

            public static JsonObject FromV2(JsonObject old) => Third.NoteTaken.FromV2(old);

            public static JsonObject FromV3(JsonObject old) => old;
        }
    }

    private sealed record NoteTakenV2(Guid Id);

    private sealed record Gap(Guid Id)
    {
        public static JsonObject FromV2(JsonObject old) => old;
    }

    private sealed record NotJson(Guid Id)
    {
        public static NotJson FromV1(JsonObject old) => new(old["id"]!.GetValue<Guid>());
    }

    private sealed record NotPublic(Guid Id)
    {
        internal static JsonObject FromV1(JsonObject old) => old;
    }

    private static EventTypes ReleaseOf(Type release) => new(release.GetNestedTypes());

    private static Task<EventLog> OpenAsync(string database, EventTypes types) =>
        EventLog.OpenAsync(database, types, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);

    private static async Task AppendAsync(
        string database,
        EventTypes types,
        Guid stream,
        long expected,
        params object[] events
    )
    {
        await using var log = await OpenAsync(database, types);
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(Command(Change(stream, expected, events)))
        );
    }

    private static async Task FaultedAsync(ProjectionHost host, string projection, long standsAt)
    {
        await Eventually.TrueAsync(() =>
            host.Status.Single(s => s.Name == projection).State == ProjectionState.Faulted
        );
        Assert.InRange(host.Status.Single(s => s.Name == projection).Position, 0, standsAt);
    }

    private static async Task<object?> ScalarAsync(EventLog log, string sql)
    {
        await using var command = log.Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
