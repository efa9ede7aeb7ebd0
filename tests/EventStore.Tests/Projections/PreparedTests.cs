using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Projections;

/// <summary>A start leaves alone what is as it must be, and sees each thing that is not.</summary>
public class PreparedTests(LogFixture fixture)
{
    [Theory]
    [InlineData("select 1", true)]
    [InlineData("drop index views.test_seen_v1_i1", false)]
    [InlineData("alter table views.test_seen_v1 alter column at drop not null", false)]
    [InlineData("alter table views.test_seen_v1 drop column note cascade", false)]
    [InlineData("alter table views.test_seen_v1 add column more int", false)]
    [InlineData("insert into log.mt_event_progression (name, last_seq_id) values ('test.seen.v1#0/2', 0)", false)]
    [InlineData("update log.projections set serving = 'test.seen.v0' where serving = 'test.seen.v1'", false)]
    public async Task Only_a_projection_with_its_view_table_indexes_and_checkpoints_needs_nothing(
        string sql,
        bool isPrepared
    )
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        var projection = new SeenProjection();
        await using (
            await ProjectionHost.OpenAsync(
                log,
                database,
                [projection],
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        ) { }
        await using var connection = await log.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var change = new NpgsqlCommand(sql, connection, transaction))
            await change.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var prepared = await PreparedProjections.FindAsync(
            [projection, new SumsProjection("test.other.v1")],
            connection,
            transaction,
            CancellationToken.None
        );
        Assert.Equal(isPrepared ? [projection.Name] : [], prepared);
    }

    private sealed record Seen(Guid Id, string? Note, DateTimeOffset At, double Rank, bool Done, long Position);

    private sealed class SeenProjection : Projection<Seen, Guid>
    {
        public override string Name => "test.seen.v1";

        public SeenProjection()
        {
            Identity<Counted>(e => e.Id);
            Index("position");
        }

        public static Seen Create(Counted e, RecordedEvent at) => new(e.Id, null, at.At, 0, true, at.Position);
    }
}
