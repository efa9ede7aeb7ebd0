using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Verification;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Verification;

public class LogVerifierTests(LogFixture fixture)
{
    private static readonly NameRule[] Rules = [new("tag", ["poisoned"], "id")];

    [Fact]
    public async Task A_sound_log_is_found_sound()
    {
        await using var database = NpgsqlDataSource.Create(await WrittenAsync());
        var report = await VerifyAsync(database);
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
        Assert.True(report.IsSound);
        Assert.Equal(41, report.Head);
        Assert.Equal(41, report.Checks.Single(c => c.What.StartsWith("positions", StringComparison.Ordinal)).Count);
        Assert.True(report.Checks.Single(c => c.Of == "links").Count > 1);
        Assert.Equal(1, report.Checks.Single(c => c.Of == "names").Count);
    }

    [Fact]
    public async Task An_empty_log_is_sound()
    {
        var connection = await fixture.NewDatabaseAsync();
        await using (await OpenAsync(connection)) { }
        await using var database = NpgsqlDataSource.Create(connection);
        Assert.True((await VerifyAsync(database)).IsSound);
    }

    [Fact]
    public async Task Concurrent_appends_do_not_disturb_the_verification()
    {
        await using var log = await fixture.OpenNewAsync();
        using var enough = new CancellationTokenSource();
        var writers = Enumerable
            .Range(0, 8)
            .Select(async _ =>
            {
                while (!enough.IsCancellationRequested)
                    await log.Appender.AppendAsync(
                        Command(Change(Guid.CreateVersion7(), 0, new Counted(Guid.Empty, 1), new Cleared(Guid.Empty)))
                    );
            })
            .ToArray();
        for (var i = 0; i < 10; i++)
            Assert.Empty((await VerifyAsync(log.Database)).Checks.SelectMany(c => c.Differences));
        await enough.CancelAsync();
        await Task.WhenAll(writers);
    }

    [Theory]
    [InlineData(
        "update log.mt_events set data = jsonb_set(data, '{by}', '99') where seq_id = 7",
        "the link at position"
    )]
    [InlineData("update log.mt_events set user_name = 'eve' where seq_id = 7", "the link at position")]
    [InlineData("update log.mt_events set mt_dotnet_type = 'Eve, Evil' where seq_id = 7", "the link at position")]
    [InlineData("update log.mt_events set correlation_id = 'forged' where seq_id = 7", "the link at position")]
    [InlineData("update log.mt_events set is_archived = true where seq_id = 7", "the link at position")]
    [InlineData("update log.mt_events set headers = '{}' where seq_id = 7", "the link at position")]
    [InlineData("update log.mt_events set stream_id = null where seq_id = 7", "the link at position")]
    [InlineData(
        "update log.mt_events set timestamp = timestamp - interval '1 hour' where seq_id = 7",
        "position 7 is of"
    )]
    [InlineData("delete from log.mt_events where seq_id = 7", "position 7 is missing")]
    [InlineData("delete from log.mt_events where seq_id between 39 and 41", "positions 39 to 41 are missing")]
    [InlineData(
        "update log.mt_events set version = 3 - version where stream_id = (select stream_id "
            + "from log.mt_events where seq_id = 1) and version in (1, 2)",
        "position 1 is version 2 of stream"
    )]
    [InlineData(
        "update log.chain set hash = sha256('forged') where position = (select min(position) from log.chain)",
        "the link at position 1 is not the hash"
    )]
    [InlineData(
        "delete from log.chain where position = (select min(position) from log.chain)",
        "is not the hash of the one before"
    )]
    [InlineData(
        "update log.chain set at = at + interval '1 hour' where position = (select min(position) from log.chain)",
        "position 1 is of"
    )]
    [InlineData(
        "insert into log.mt_events (seq_id, id, stream_id, version, data, type) "
            + "select 42, gen_random_uuid(), stream_id, 3, '{}', 'counted' from log.mt_events where seq_id = 1",
        "position 42, a counted in stream"
    )]
    [InlineData("update log.names set owner = gen_random_uuid()", ": the poisoned at position 41 gave it to")]
    [InlineData("delete from log.names", "no account holds it")]
    [InlineData("insert into log.names values ('tag', 'eve', gen_random_uuid())", "tag eve is held by")]
    [InlineData(
        "delete from log.streams where id = (select stream_id from log.mt_events where seq_id = 7)",
        "position 7 is in stream"
    )]
    [InlineData(
        "insert into log.mt_event_progression values ('chat.messages.v1', 1000)",
        "chat.messages.v1 stands at 1000"
    )]
    [InlineData(
        "drop view log.mt_events_sequence; create sequence log.mt_events_sequence start 3",
        "mt_events_sequence is at 3, the head was at 41"
    )]
    [InlineData("update log.partitions set low = low + 1", "does not follow on")]
    [InlineData("alter table log.mt_events detach partition log.mt_events_1", "positions 1 to 41 are missing")]
    public async Task Tampering_is_found_and_named(string tampering, string difference)
    {
        await using var database = NpgsqlDataSource.Create(await WrittenAsync());
        await using (var tamper = database.CreateCommand(tampering))
            await tamper.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        var report = await VerifyAsync(database);
        Assert.False(report.IsSound);
        Assert.Contains(report.Checks.SelectMany(c => c.Differences), d =>
            d.Contains(difference, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task However_many_differences_there_are_the_list_is_short()
    {
        await using var database = NpgsqlDataSource.Create(await WrittenAsync());
        await using (var tamper = database.CreateCommand("update log.mt_events set version = version + 1"))
            await tamper.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            LogVerifier.DifferencesMax,
            (await VerifyAsync(database))
                .Checks.Single(c => c.What.StartsWith("versions", StringComparison.Ordinal))
                .Differences.Count
        );
    }

    private static Task<VerificationReport> VerifyAsync(NpgsqlDataSource database) =>
        new LogVerifier(database, Rules).VerifyAsync(TestContext.Current.CancellationToken);

    /// <summary>
    /// A closed log of 41 events in 21 streams and several batches. Position 1 is a batch by itself, and position 41
    /// claims a name.
    /// </summary>
    private async Task<string> WrittenAsync()
    {
        var connection = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(connection);
        var first = Guid.CreateVersion7();
        await log.Appender.AppendAsync(Command(Change(first, 0, new Counted(first, 1))) with { By = "ada" });
        await log.Appender.AppendAsync(Command(Change(first, 1, new Counted(first, 2, "κόσμε 🎵"))));
        await Task.WhenAll(
            Enumerable
                .Range(0, 19)
                .Select(i =>
                {
                    var stream = Guid.CreateVersion7();
                    return log.Appender.AppendAsync(
                        Command(
                            Change(stream, 0, new Counted(stream, i, "Kosmos | \n \"quoted\""), new Cleared(stream))
                        )
                    );
                })
        );
        var named = Guid.CreateVersion7();
        await log.Appender.AppendAsync(
            Command(Change(named, 0, new Poisoned(named))) with
            {
                Names = [new("tag", named.ToString(), named, Claim: true)],
            }
        );
        return connection;
    }
}
