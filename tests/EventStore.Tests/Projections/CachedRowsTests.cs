using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.EventStore.Tests.Projections;

/// <summary>
/// The bytes of rows in memory are bounded. An evicted row is read again, and the table shows no trace of it.
/// </summary>
public class CachedRowsTests(LogFixture fixture)
{
    public sealed record Noted(Guid Id, int Total, string Note);

    private sealed class Notes : Projection<Noted, Guid>
    {
        public override string Name => "test.notes.v1";

        public Notes()
        {
            Identity<Counted>(e => e.Id);
            Identity<Cleared>(e => e.Id);
        }

        public static Noted Create(Counted e) => new(e.Id, e.By, e.Note);

        public static Noted Apply(Counted e, Noted row) => new(e.Id, row.Total + e.By, e.Note);

        public static Noted? Apply(Cleared _, Noted row) => null;
    }

    private static readonly Notes Fold = new();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, 1 << 30)]
    [InlineData(true, 1 << 13)]
    [InlineData(false, 1 << 30)]
    [InlineData(false, 1 << 13)]
    public async Task However_few_bytes_are_kept_the_table_has_what_was_folded(bool empty, int bytesMax)
    {
        await using var database = await MakeAsync();
        var rows = Fold.Open("views.test_notes_v1", new(bytesMax, empty));
        var random = new Random(20_261_121);
        // Some pages touch few of the keys, and some more than one statement takes.
        var ids = Enumerable.Range(0, 5_000).Select(_ => Guid.CreateVersion7()).ToArray();
        Dictionary<Guid, Noted> expected = [];
        await using var connection = await database.OpenConnectionAsync(Ct);
        for (var page = 0; page < 20; page++)
        {
            var touched = page % 5 == 0 ? ids : random.GetItems(ids, 200);
            List<RecordedEvent> events =
            [
                .. touched.Select(id =>
                    Event(random.Next(4) == 0 ? new Cleared(id) : new Counted(id, random.Next(9), $"page {page}"))
                ),
            ];
            foreach (var e in events)
                Fold.Fold(expected, e);
            await rows.FoldAsync(connection, events, Ct);
            if (!rows.IsFull && page % 3 != 0)
                continue;
            await WriteAsync(rows, connection);
        }
        await WriteAsync(rows, connection);
        var stored = new HashSet<Noted>();
        await using var all = new NpgsqlCommand("select id, total, note from views.test_notes_v1", connection);
        await using var reader = await all.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct))
            stored.Add(new(reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2)));
        Assert.Equal(expected.Values.ToHashSet(), stored);
    }

    [Theory]
    [InlineData(0, 2_000, 4_000)]
    [InlineData(10_000, 20, 30)]
    public async Task A_row_with_a_long_text_counts_for_as_much_as_it_takes(int characters, int atLeast, int atMost)
    {
        await using var database = await MakeAsync();
        var rows = Fold.Open("views.test_notes_v1", new(1 << 20, Empty: true));
        await using var connection = await database.OpenConnectionAsync(Ct);
        var folded = 0;
        for (; !rows.IsFull; folded++)
            await rows.FoldAsync(connection, [Event(new Counted(Guid.CreateVersion7(), 1, new('x', characters)))], Ct);
        Assert.InRange(folded, atLeast, atMost);
        await WriteAsync(rows, connection);
        Assert.False(rows.IsFull);
    }

    private static RecordedEvent Event(CounterEvent data) =>
        new(
            1,
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            1,
            LogFixture.Types.Describe(data.GetType()).Alias,
            DateTimeOffset.UnixEpoch,
            Guid.CreateVersion7(),
            null,
            default,
            LogFixture.Types,
            data
        );

    private static async Task WriteAsync(IProjectionRows rows, NpgsqlConnection connection)
    {
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await rows.WriteAsync(connection, transaction, Ct);
        await transaction.CommitAsync(Ct);
    }

    private async Task<NpgsqlDataSource> MakeAsync()
    {
        var database = NpgsqlDataSource.Create(await fixture.NewDatabaseAsync());
        await using var make = database.CreateCommand(
            $"create schema views; {Fold.Table.CreateSql("views.test_notes_v1")}"
        );
        await make.ExecuteNonQueryAsync(Ct);
        return database;
    }
}
