using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Personal;

namespace Veza.EventStore.Tests.Personal;

public class KeyRotationTests(LogFixture fixture)
{
    private static readonly byte[] Former = [.. Enumerable.Repeat((byte)7, 40)];
    private static readonly byte[] Next = [.. Enumerable.Repeat((byte)8, 40)];
    private static readonly EventTypes Types = EventTypes.DerivedFrom(
        typeof(NoteEvent),
        configure: null,
        new(p => p.Name is "Text" or "Title" ? "AuthorId" : null, t => t == typeof(AuthorGone) ? "AuthorId" : null)
    );

    [Fact]
    public async Task All_keys_are_wrapped_anew_while_nodes_of_each_step_read_and_write()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var before = await OpenAsync(database, new(Former));
        var note = await WriteAsync(before, "former");
        // First every node learns to read the next secret, then each writes with it.
        await using var reading = await OpenAsync(database, new(Former, Next));
        await using var writing = await OpenAsync(database, new(Next, Former));
        var other = await WriteAsync(writing, "next");
        Assert.Equal(["former", "next"], await TextsAsync(reading));

        await using var source = DataSources.ForCommand(database, "rotation");
        var found = await new KeyRotation(source, new(Next, Former)).RotateAsync(_ => { }, default);

        Assert.Equal(new KeyCounts(1, 1, 0), found);
        Assert.Equal(new(2, 0, 0), await new KeyRotation(source, new(Next)).CountAsync(default));
        // A node that started before goes on, and a new one needs the next secret alone.
        Assert.Equal(["former", "next"], await TextsAsync(writing));
        await using var after = await OpenAsync(database, new(Next));
        Assert.Equal(["former", "next"], await TextsAsync(after));
        await Assert.ThrowsAsync<CryptographicException>(() => OpenAsync(database, new(Former)));
        Assert.NotEqual(note, other);
    }

    [Fact]
    public async Task A_rotation_that_was_ended_is_begun_again_and_finds_what_is_left()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database, new(Former)))
        await using (var source = DataSources.ForCommand(database, "rotation"))
        {
            await AddKeysAsync(source, new(Former), 2 * KeyRotation.BatchMax + 10);
            using var end = new CancellationTokenSource();
            var rotation = new KeyRotation(source, new(Next, Former));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                rotation.RotateAsync(_ => end.Cancel(), end.Token)
            );

            var found = await rotation.RotateAsync(_ => { }, default);
            Assert.Equal(new(KeyRotation.BatchMax, KeyRotation.BatchMax + 10, 0), found);
        }
    }

    [Fact]
    public async Task The_key_of_an_account_erased_meanwhile_never_comes_back()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database, new(Former));
        await using var source = DataSources.ForCommand(database, "rotation");
        await AddKeysAsync(source, new(Former), 1);
        // The rotation has read the key and waits for the row, which an erasure holds.
        await using var erasing = await source.OpenConnectionAsync();
        await using var transaction = await erasing.BeginTransactionAsync();
        await using (var destroy = new NpgsqlCommand("update log.keys set wrapped = null", erasing, transaction))
            await destroy.ExecuteNonQueryAsync();
        var rotating = new KeyRotation(source, new(Next, Former)).RotateAsync(_ => { }, default);
        await Eventually.TrueAsync(
            async () =>
            {
                await using var waiting = source.CreateCommand(
                    "select exists (select from pg_stat_activity where datname = current_database() "
                        + "and application_name = 'rotation' and wait_event_type = 'Lock')"
                );
                return (bool)(await waiting.ExecuteScalarAsync())!;
            },
            what: "the rotation waits for the erasure"
        );
        await transaction.CommitAsync();
        await rotating;

        await using var left = source.CreateCommand("select count(*) from log.keys where wrapped is not null");
        Assert.Equal(0L, await left.ExecuteScalarAsync());
    }

    [Fact]
    public async Task What_lasts_stays_the_same_under_the_next_secret()
    {
        var database = await fixture.NewDatabaseAsync();
        byte[] first = [.. Enumerable.Repeat((byte)1, 32)];
        await using (var log = await OpenAsync(database, new(Former)))
            Assert.Equal(first, (await LastingAsync(log, first)).Single());
        await using (var source = DataSources.ForCommand(database, "rotation"))
            await new KeyRotation(source, new(Next, Former)).RotateAsync(_ => { }, default);
        await using var next = await OpenAsync(database, new(Next));
        Assert.Equal(first, (await LastingAsync(next, [.. Enumerable.Repeat((byte)2, 32)])).Single());
    }

    [Fact]
    public async Task Only_what_lasts_and_is_missing_is_written()
    {
        var database = await fixture.NewDatabaseAsync();
        byte[] a = [.. Enumerable.Repeat((byte)1, 32)];
        byte[] b = [.. Enumerable.Repeat((byte)2, 32)];
        await using var log = await OpenAsync(database, new(Former));
        await LastingAsync(log, a);
        Assert.Equal([a, b], await LastingAsync(log, b, b));

        await using var source = DataSources.ForCommand(database, "rotation");
        await using var refuse = source.CreateCommand(
            "create function refuse() returns trigger language plpgsql as $$ begin raise 'written to'; end $$; "
                + "create trigger refuse before insert on log.keys for each statement execute function refuse()"
        );
        await refuse.ExecuteNonQueryAsync();
        Assert.Equal([a, b], await LastingAsync(log, b, a));
    }

    /// <returns>What lasts for test 1, test 2 and so on.</returns>
    private static async Task<List<byte[]>> LastingAsync(EventLog log, params byte[][] first)
    {
        var purposes = first.Select((key, i) => (Name: $"test {i + 1}", Key: key)).ToList();
        var last = await log.LastingKeysAsync(purposes.ToDictionary(p => p.Name, p => p.Key), default);
        return [.. purposes.Select(p => last[p.Name])];
    }

    private static async Task AddKeysAsync(NpgsqlDataSource source, KeyWrapping wrapping, int count)
    {
        Guid[] owners = [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];
        await using var insert = source.CreateCommand(
            "insert into log.keys (owner, wrapped) select * from unnest($1::uuid[], $2::bytea[])"
        );
        insert.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = owners });
        insert.Parameters.Add(
            new NpgsqlParameter<byte[][]>
            {
                TypedValue = [.. owners.Select(o => wrapping.Wrap(o, RandomNumberGenerator.GetBytes(32)))],
            }
        );
        await insert.ExecuteNonQueryAsync();
    }

    private static Task<EventLog> OpenAsync(string database, KeyWrapping wrapping) =>
        EventLog.OpenAsync(
            database,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: wrapping
        );

    private static async Task<Guid> WriteAsync(EventLog log, string text)
    {
        var note = Guid.CreateVersion7();
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(
                LogFixture.Command(
                    new StreamChange(note, "note", 0, [new NoteWritten(Guid.CreateVersion7(), text, null, "open")])
                )
            )
        );
        return note;
    }

    private static async Task<List<string>> TextsAsync(EventLog log) =>
        [
            .. (await log.Reader.ReadAsync(new(), 100, CancellationToken.None))
                .Select(e => e.Data)
                .OfType<NoteWritten>()
                .Select(n => n.Text),
        ];
}
