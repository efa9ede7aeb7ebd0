using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;
using Veza.EventStore.Postgres;

namespace Veza.EventStore.Tests.Personal;

public abstract record NoteEvent;

public sealed record NoteWritten(Guid AuthorId, string Text, string? Title, string Public) : NoteEvent;

public sealed record AuthorGone(Guid AuthorId) : NoteEvent;

public sealed record Note(Guid AuthorId, string Text)
{
    public static Note Create(NoteWritten e) => new(e.AuthorId, e.Text);

    public Note Apply(NoteWritten e) => this with { Text = e.Text };
}

public class PersonalTests(LogFixture fixture)
{
    private static readonly byte[] Secret = [.. Enumerable.Repeat((byte)7, 40)];
    private static readonly EventTypes Types = EventTypes.DerivedFrom(
        typeof(NoteEvent),
        configure: null,
        new(p => p.Name is "Text" or "Title" ? "AuthorId" : null, t => t == typeof(AuthorGone) ? "AuthorId" : null)
    );

    private readonly Guid _author = Guid.CreateVersion7(),
        _note = Guid.CreateVersion7();

    [Theory]
    [InlineData("secret")]
    [InlineData("")]
    [InlineData("sealed.1.AAAAAAAAAAAAAAAAAAAAAA.AAAA")]
    [InlineData("a \"sealed.1.\" in quotes \\ and 🔥")]
    public async Task Personal_texts_are_stored_sealed_and_read_as_written(string text)
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
            await WriteAsync(log, 0, new NoteWritten(_author, text, null, "open"));
        var stored = JsonSerializer.Deserialize<JsonElement>(
            await AskAsync<string>(database, "select data::text from log.mt_events")
        );
        Assert.StartsWith("sealed.1.", stored.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, stored.GetProperty("title").ValueKind);
        Assert.Equal("open", stored.GetProperty("public").GetString());
        await using var again = await OpenAsync(database);
        Assert.Equal(new NoteWritten(_author, text, null, "open"), Assert.Single(await ReadAsync(again)));
    }

    [Fact]
    public async Task Destroying_a_key_erases_what_it_sealed_in_events_aggregates_and_snapshots_on_every_node()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await OpenAsync(database);
        await using var two = await OpenAsync(database);
        var others = Guid.CreateVersion7();
        await WriteAsync(
            one,
            0,
            new NoteWritten(_author, "secret", "title", "open"),
            new NoteWritten(_author, "secret", null, "open")
        );
        Assert.IsType<AppendOutcome.Accepted>(
            await one.Appender.AppendAsync(
                LogFixture.Command(
                    LogFixture.Change(Guid.CreateVersion7(), 0, new NoteWritten(others, "stays", null, "open"))
                )
            )
        );
        await two.CatchUpAsync(TestContext.Current.CancellationToken);
        foreach (var node in (EventLog[])[one, two])
            Assert.Equal("secret", ((Note)(await node.Aggregates.LoadAsync(typeof(Note), _note, default)).State!).Text);
        var fold = Veza.EventStore.Aggregates.AggregateFold.Of<Note>();
        await one.Snapshots.WriteAsync(
            fold,
            _note,
            await one.Aggregates.LoadAsync(typeof(Note), _note, default),
            default
        );
        Assert.DoesNotContain(
            "secret",
            await AskAsync<string>(database, "select data::text from log.snapshots"),
            StringComparison.Ordinal
        );
        Assert.Equal("secret", ((Note)(await two.Snapshots.LoadAsync(fold, _note, default)).State.State!).Text);

        var gone = LogFixture.Command(LogFixture.Change(Guid.CreateVersion7(), 0, new AuthorGone(_author))) with
        {
            ErasedAccounts = [_author],
        };
        Assert.IsType<AppendOutcome.Accepted>(await one.Appender.AppendAsync(gone));
        await two.CatchUpAsync(TestContext.Current.CancellationToken);
        foreach (var node in (EventLog[])[one, two])
        {
            Assert.Equal(
                [
                    new NoteWritten(_author, "", "", "open"),
                    new NoteWritten(_author, "", null, "open"),
                    new NoteWritten(others, "stays", null, "open"),
                ],
                (await ReadAsync(node)).Take(3)
            );
            Assert.Equal("", ((Note)(await node.Snapshots.LoadAsync(fold, _note, default)).State.State!).Text);
            // The background erasure ran twice.
            await Eventually.TrueAsync(
                async () =>
                    ((Note)(await node.Aggregates.LoadAsync(typeof(Note), _note, default)).State!).Text == ""
                    && !await TailHoldsAsync(node),
                TimeSpan.FromSeconds(30)
            );
        }

        // Later texts are erased as well, on every node.
        await WriteAsync(two, 2, new NoteWritten(_author, "too late", null, "open"));
        Assert.DoesNotContain(
            "too late",
            await AskAsync<string>(database, "select string_agg(data::text, '') from log.mt_events"),
            StringComparison.Ordinal
        );
        // A text that is not stored is not delivered either. Otherwise a projection on that node would keep it and
        // differ from a rebuild.
        await two.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(await two.ReadAfterAsync(0, 100, default), e =>
            e.Data is NoteWritten { Text: "too late" }
        );
        await using var three = await OpenAsync(database);
        Assert.Equal("", ((NoteWritten)(await ReadAsync(three))[^1]).Text);
    }

    [Fact]
    public async Task A_refused_command_destroys_no_key()
    {
        await using var log = await OpenAsync(await fixture.NewDatabaseAsync());
        await WriteAsync(log, 0, new NoteWritten(_author, "secret", null, "open"));
        Assert.IsType<AppendOutcome.VersionConflict>(
            await log.Appender.AppendAsync(
                LogFixture.Command(LogFixture.Change(_note, 5, new AuthorGone(_author))) with
                {
                    ErasedAccounts = [_author],
                }
            )
        );
        Assert.Equal("secret", ((NoteWritten)Assert.Single(await ReadAsync(log))).Text);
    }

    [Fact]
    public async Task A_text_that_was_copied_to_another_event_is_not_opened_there()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
            await WriteAsync(
                log,
                0,
                new NoteWritten(_author, "secret", null, "open"),
                new NoteWritten(_author, "other", null, "open")
            );
        await AskAsync<object>(
            database,
            "update log.mt_events set data = jsonb_set(data, '{text}', (select data -> 'text' "
                + "from log.mt_events where seq_id = 1)) where seq_id = 2"
        );
        await using var again = await OpenAsync(database);
        Assert.StartsWith("sealed.1.", ((NoteWritten)(await ReadAsync(again))[1]).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_from_before_there_were_keys_is_read_as_it_stands()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (
            var log = await EventLog.OpenAsync(
                database,
                EventTypes.DerivedFrom(typeof(NoteEvent)),
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        )
            await WriteAsync(log, 0, new NoteWritten(_author, "plain", null, "open"));
        await using var again = await OpenAsync(database);
        Assert.Equal("plain", ((NoteWritten)Assert.Single(await ReadAsync(again))).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_text_from_before_it_was_personal_reads_as_erased_when_its_author_is(bool hasKey)
    {
        var database = await fixture.NewDatabaseAsync();
        var others = Guid.CreateVersion7();
        await using (
            var before = await EventLog.OpenAsync(
                database,
                EventTypes.DerivedFrom(typeof(NoteEvent)),
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        )
            await WriteAsync(
                before,
                0,
                new NoteWritten(_author, "plain", null, "open"),
                new NoteWritten(others, "stays", null, "open")
            );
        await using (var log = await OpenAsync(database))
        {
            if (hasKey)
                await WriteAsync(log, 2, new NoteWritten(_author, "sealed", null, "open"));
            var gone = LogFixture.Command(LogFixture.Change(Guid.CreateVersion7(), 0, new AuthorGone(_author))) with
            {
                ErasedAccounts = [_author],
            };
            Assert.IsType<AppendOutcome.Accepted>(await log.Appender.AppendAsync(gone));
            Assert.Equal(["", "stays"], await TextsAsync(log));
        }
        // This node has not observed the erasure.
        await using var again = await OpenAsync(database);
        Assert.Equal(["", "stays"], await TextsAsync(again));

        static async Task<IEnumerable<string>> TextsAsync(EventLog log) =>
            (await ReadAsync(log)).Select(n => ((NoteWritten)n).Text).Take(2);
    }

    [Fact]
    public async Task A_node_with_another_secret_does_not_start()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
            await WriteAsync(log, 0, new NoteWritten(_author, "secret", null, "open"));
        var fault = await Assert.ThrowsAsync<System.Security.Cryptography.CryptographicException>(() =>
            OpenAsync(database, [.. Secret, 1])
        );
        Assert.Contains("another secret", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_cannot_be_loaded_is_a_database_fault_and_the_next_try_loads_it()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync(ct: TestContext.Current.CancellationToken);
        await using (var log = await OpenAsync(postgres.ConnectionString))
            await WriteAsync(log, 0, new NoteWritten(_author, "secret", null, "open"));
        // This node has read no event of the author.
        await using var again = await OpenAsync(postgres.ConnectionString);
        await postgres.KillAsync(ct: TestContext.Current.CancellationToken);
        var more = new NoteWritten(_author, "more", null, "open");
        // The first try finds a broken connection, the others find none.
        foreach (
            var attempt in (Func<Task>[])
                [
                    () => WriteAsync(again, 1, more),
                    () => WriteAsync(again, 1, more),
                    () => Task.Run(() => again.Cipher.Write(more, Guid.Empty)),
                ]
        )
        {
            var fault = await Record.ExceptionAsync(attempt);
            Assert.True(fault is not null && DatabaseFaults.IsUnavailable(fault), $"{fault}");
        }
        await postgres.RestartAsync(TestContext.Current.CancellationToken);
        // The source may still hold connections to the server that was killed.
        await Eventually.TrueAsync(
            async () =>
            {
                var fault = await Record.ExceptionAsync(() => WriteAsync(again, 1, more));
                Assert.True(fault is null || DatabaseFaults.IsUnavailable(fault), $"{fault}");
                return fault is null;
            },
            TimeSpan.FromSeconds(30),
            "a write to the restarted server"
        );
        Assert.Equal(["secret", "more"], (await ReadAsync(again)).Select(n => ((NoteWritten)n).Text));
    }

    private async Task<bool> TailHoldsAsync(EventLog node) =>
        (await node.ReadAfterAsync(0, 2, default)).Any(e => ((NoteWritten)e.Data!).Text != "");

    private static Task<EventLog> OpenAsync(string database, byte[]? secret = null) =>
        EventLog.OpenAsync(
            database,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: new(secret ?? Secret)
        );

    private async Task WriteAsync(EventLog log, long expected, params object[] events) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(LogFixture.Command(new StreamChange(_note, "note", expected, events)))
        );

    private static async Task<List<object>> ReadAsync(EventLog log) =>
        [
            .. (await log.Reader.ReadAsync(new(), 100, CancellationToken.None))
                .Where(e => e.Data is NoteWritten)
                .Select(e => e.Data!),
        ];

    private static async Task<T> AskAsync<T>(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
