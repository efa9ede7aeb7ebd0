using JasperFx.Events;
using Marten;
using Marten.Exceptions;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using static Veza.EventStore.Tests.LogFixture;
using ExistingStreamIdCollisionException = Marten.Exceptions.ExistingStreamIdCollisionException;

namespace Veza.EventStore.Tests.Marten;

/// <summary>An append through a Marten session keeps the log's promises, or is refused and leaves no trace.</summary>
public class MartenAppendingTests(LogFixture fixture)
{
    private readonly Guid _page = Guid.CreateVersion7(),
        _author = Guid.CreateVersion7();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_of_a_session_are_sealed_gapless_chained_and_seen_by_a_running_node()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        var other = Guid.CreateVersion7();
        await setting.Log.Appender.AppendAsync(Command(new StreamChange(other, "page", 0, [new PageRead(other, 1)])));
        await using (var session = setting.Store.LightweightSession())
        {
            session.LastModifiedBy = _author.ToString("N");
            session.CorrelationId = "from elsewhere";
            session.Events.StartStream<Page>(
                _page,
                new PageWritten(_page, _author, "Dear diary", Weather.HeavyRain),
                new PageEdited(_page, _author, "κόσμε 🎵")
            );
            session.Events.Append(other, 2, new PageRead(other, 4));
            await session.SaveChangesAsync(Ct);
        }
        await Eventually.TrueAsync(() => setting.Log.Head == 4);
        var seen = await setting.Log.ReadAfterAsync(1, 10, Ct);
        Assert.Equal<object?>(
            [
                new PageWritten(_page, _author, "Dear diary", Weather.HeavyRain),
                new PageEdited(_page, _author, "κόσμε 🎵"),
                new PageRead(other, 4),
            ],
            seen.Select(e => e.Data)
        );
        Assert.Equal([1, 2, 2], seen.Select(e => e.Version));
        Assert.All(seen, e => Assert.Equal(_author.ToString("N"), e.By));
        Assert.Equal(
            "sealed sealed",
            await setting.AskAsync<string>(
                "select string_agg(split_part(data ->> 'text', '.', 1), ' ') from log.mt_events where data ? 'text'"
            )
        );
        Assert.Equal("page page", await setting.AskAsync<string>("select string_agg(type, ' ') from log.streams"));
        // The node folds Marten's events, and Marten the node's.
        Assert.Equal(
            new AppendOutcome.VersionConflict(other, 2),
            await setting.Log.Appender.AppendAsync(
                Command(new StreamChange(other, "page", 1, [new PageRead(other, 1)]))
            )
        );
        Assert.IsType<AppendOutcome.Accepted>(
            await setting.Log.Appender.AppendAsync(
                Command(new StreamChange(_page, "page", 2, [new PageRead(_page, 1)]))
            )
        );
        await using (var session = setting.Store.LightweightSession())
        {
            var page = await session.Events.FetchForWriting<Folded<Page>>(_page, Ct);
            Assert.Equal(new Page(_page, "κόσμε 🎵", 1), page.Aggregate!.State);
            page.AppendOne(new PageRead(_page, 3));
            await session.SaveChangesAsync(Ct);
        }
        await setting.VerifyAsync();
        Assert.Equal(6, await setting.AskAsync<long>("select last_value from log.mt_events_sequence"));
    }

    [Fact]
    public async Task Nodes_and_sessions_that_append_at_once_leave_a_sound_log_and_lose_nothing()
    {
        const int Writers = 4,
            EventsEach = 25;
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await Task.WhenAll(
            Enumerable
                .Range(0, 2 * Writers)
                .Select(async writer =>
                {
                    var stream = Guid.CreateVersion7();
                    for (var i = 0; i < EventsEach; i++)
                    {
                        if (writer < Writers)
                        {
                            Assert.IsType<AppendOutcome.Accepted>(
                                await setting.Log.Appender.AppendAsync(
                                    Command(new StreamChange(stream, "page", i, [new PageRead(stream, i)]))
                                )
                            );
                            continue;
                        }
                        await using var session = setting.Store.LightweightSession();
                        if (i == 0)
                            session.Events.StartStream<Page>(stream, new PageRead(stream, i));
                        else
                            session.Events.Append(stream, i + 1, new PageRead(stream, i));
                        await session.SaveChangesAsync(Ct);
                    }
                })
        );
        await setting.VerifyAsync();
        Assert.Equal(2 * Writers * EventsEach, await setting.AskAsync<long>("select count(*) from log.mt_events"));
    }

    [Fact]
    public async Task A_wrong_expected_version_is_refused_as_Marten_says_it()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await AppendAsync(setting.Store, s => s.Events.StartStream<Page>(_page, new PageRead(_page, 1)));
        await AssertNothingAsync<EventStreamUnexpectedMaxEventIdException>(setting, s =>
            s.Events.Append(_page, 5, new PageRead(_page, 1))
        );
        await AssertNothingAsync<ExistingStreamIdCollisionException>(setting, s =>
            s.Events.StartStream<Page>(_page, new PageRead(_page, 1))
        );
        // Earlier changes of the same transaction are rolled back with it.
        await AssertNothingAsync<Exception>(setting, s =>
        {
            s.Events.StartStream<Page>(Guid.CreateVersion7(), new PageRead(_page, 1));
            s.Events.Append(_page, 5, new PageRead(_page, 1));
        });
        await AppendAsync(setting.Store, s => s.Events.Append(_page, new PageRead(_page, 2)));
        await setting.VerifyAsync();
        Assert.Equal(2, await setting.AskAsync<long>("select last_value from log.mt_events_sequence"));
    }

    [Theory]
    [InlineData(
        """
            {"id":"00000000-0000-0000-0000-000000000001","authorId":"00000000-0000-0000-0000-000000000001",
            "text":"in the clear"}
            """,
        "does not come sealed"
    )]
    [InlineData(
        """
            {"id":"00000000-0000-0000-0000-000000000001","authorId":"00000000-0000-0000-0000-000000000001",
            "text":"sealed.1.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
            """,
        "does not come sealed for the account"
    )]
    [InlineData(
        """
            {"id":"00000000-0000-0000-0000-000000000001","authorId":"00000000-0000-0000-0000-000000000001",
            "Text":"in the clear"}
            """,
        "has no property \"Text\""
    )]
    [InlineData(
        """{"id":"00000000-0000-0000-0000-000000000001","authorId":"00000000-0000-0000-0000-000000000001"}""",
        "property text is missing"
    )]
    [InlineData("[]", "no JSON object")]
    public async Task A_personal_text_that_does_not_come_sealed_is_refused(string data, string why)
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        var fault = await Assert.ThrowsAsync<PostgresException>(() =>
            setting.AskAsync<object>(
                $"""
                select log.mt_quick_append_events('{_page}', 'page', '*DEFAULT*',
                    array['{Guid.CreateVersion7()}'::uuid], array['page_edited'], array[null], array['{data}'::jsonb],
                    array[null]::bytea[], array[null], array[null], array['null'::jsonb], array[null],
                    array[now()], null)
                """
            )
        );
        Assert.Equal("VZ003", fault.SqlState);
        Assert.Contains(why, fault.MessageText, StringComparison.Ordinal);
        Assert.DoesNotContain("in the clear", fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await setting.AskAsync<long>("select count(*) from log.mt_events"));
    }

    [Fact]
    public async Task A_store_that_does_not_seal_is_refused()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await using var unsealing = DocumentStore.For(options =>
        {
            options.Connection(setting.Database);
            options.DatabaseSchemaName = "diary";
            options.OpenVezaLog(MartenSetting.Types, typeof(Page));
        });
        await AssertNothingAsync<MartenCommandException>(
            setting,
            s => s.Events.StartStream<Page>(_page, new PageWritten(_page, _author, "in the clear", Weather.Fair)),
            unsealing
        );
    }

    [Fact]
    public async Task Events_that_change_more_than_the_log_are_appended_by_commands_alone()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        var named = await AssertNothingAsync<MartenCommandException>(setting, s =>
            s.Events.StartStream<Page>(_page, new DiaryNamed(_page, "ada"))
        );
        Assert.Contains("it changes who holds a name of the scope diary", named.Message, StringComparison.Ordinal);
        var erased = await AssertNothingAsync<MartenCommandException>(setting, s =>
            s.Events.StartStream<Page>(_page, new AuthorErased(_author))
        );
        Assert.Contains("it destroys the key of an account", erased.Message, StringComparison.Ordinal);
        var nameless = await AssertNothingAsync<MartenCommandException>(setting, s =>
            s.Events.Append(_page, new PageRead(_page, 1))
        );
        Assert.Contains("StartStream<Aggregate>", nameless.Message, StringComparison.Ordinal);
        var by = await AssertNothingAsync<MartenCommandException>(setting, s =>
        {
            s.LastModifiedBy = "ada";
            s.Events.StartStream<Page>(_page, new PageRead(_page, 1));
        });
        Assert.Contains("user_name is no account's id", by.Message, StringComparison.Ordinal);
        var headed = await AssertNothingAsync<MartenCommandException>(setting, s =>
        {
            s.SetHeader("place", "Paris");
            s.Events.StartStream<Page>(_page, new PageRead(_page, 1));
        });
        Assert.Contains("it has headers", headed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EventAppendMode.Rich)]
    [InlineData(EventAppendMode.Quick)]
    public async Task Other_ways_to_append_are_refused_and_leave_the_sequence_where_it_was(EventAppendMode mode)
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await AppendAsync(setting.Store, s => s.Events.StartStream<Page>(_page, new PageRead(_page, 1)));
        await using var otherwise = setting.Open(o => o.Events.AppendMode = mode);
        await AssertNothingAsync<Exception>(
            setting,
            s => s.Events.StartStream<Page>(Guid.CreateVersion7(), new PageRead(_page, 1)),
            otherwise
        );
        await AssertNothingAsync<Exception>(setting, s => s.Events.Append(_page, new PageRead(_page, 1)), otherwise);
        await AssertNothingAsync<Exception>(setting, s => s.Events.Append(_page, 2, new PageRead(_page, 1)), otherwise);
        await AssertNothingAsync<Exception>(setting, s => s.Events.ArchiveStream(_page));
        await setting.VerifyAsync();
    }

    [Fact]
    public async Task A_transaction_that_sees_what_was_before_the_lock_is_refused()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await using var connection = new NpgsqlConnection(setting.Database);
        await connection.OpenAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead,
            Ct
        );
        await using var append = new NpgsqlCommand(AppendOne(), connection, transaction);
        var fault = await Assert.ThrowsAsync<PostgresException>(() => append.ExecuteNonQueryAsync(Ct));
        Assert.Contains("the transaction is repeatable read", fault.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_appending_transaction_that_falls_silent_is_ended_and_releases_its_lock()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await using var connection = new NpgsqlConnection(setting.Database);
        await connection.OpenAsync(Ct);
        await using var silent = await connection.BeginTransactionAsync(Ct);
        await using var append = new NpgsqlCommand(AppendOne(), connection, silent);
        await append.ExecuteNonQueryAsync(Ct);
        var other = Guid.CreateVersion7();
        var accepted = Assert.IsType<AppendOutcome.Accepted>(
            await setting.Log.Appender.AppendAsync(
                Command(new StreamChange(other, "page", 0, [new PageRead(other, 1)]))
            )
        );
        Assert.Equal(1, accepted.Position);
        await Assert.ThrowsAnyAsync<Exception>(() => silent.CommitAsync(Ct));
        await setting.VerifyAsync();
    }

    [Fact]
    public async Task A_session_goes_on_into_the_next_partition()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (
            var log = await EventLog.OpenAsync(
                database,
                Types,
                TimeProvider.System,
                Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
                Ct,
                partitionEvents: 5
            )
        ) { }
        await using var store = DocumentStore.For(options =>
        {
            options.Connection(database);
            options.DatabaseSchemaName = "documents";
            options.OpenVezaLog(Types, typeof(Counter));
        });
        for (var i = 0; i < 8; i++)
            await AppendAsync(store, s =>
                s.Events.StartStream<Counter>(
                    Guid.CreateVersion7(),
                    new Counted(Guid.Empty, i),
                    new Cleared(Guid.Empty),
                    new Cleared(Guid.Empty)
                )
            );
        await using var source = NpgsqlDataSource.Create(database);
        var report = await new Veza.EventStore.Verification.LogVerifier(source, []).VerifyAsync(Ct);
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
        Assert.Equal(24, report.Head);
    }

    [Fact]
    public async Task The_same_append_sent_again_changes_nothing_and_is_answered_as_the_first_time()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        var append = AppendOne();
        var first = await setting.AskAsync<long[]>(append);
        Assert.Equal<long[]?>([1, 1], first);
        await setting.Log.Appender.AppendAsync(Command(new StreamChange(_page, "page", 1, [new PageRead(_page, 1)])));
        Assert.Equal(first, await setting.AskAsync<long[]>(append));
        var other = await Assert.ThrowsAsync<PostgresException>(() => setting.AskAsync<long[]>(AppendOne()));
        Assert.Equal("MT003", other.SqlState);
        Assert.Equal(2, await setting.AskAsync<long>("select count(*) from log.mt_events"));
        await setting.VerifyAsync();
    }

    private string AppendOne() =>
        $$"""
            select log.mt_quick_append_events('{{_page}}', 'page', '*DEFAULT*',
                array['{{Guid.CreateVersion7()}}'::uuid], array['page_read_v2'], array[null],
                array['{"id":"{{_page}}","times":1}'::jsonb], array[null]::bytea[], array[null], array[null],
                array['null'::jsonb], array[null], array[now()], 0)
            """;

    private static async Task AppendAsync(IDocumentStore store, Action<IDocumentSession> change)
    {
        await using var session = store.LightweightSession();
        change(session);
        await session.SaveChangesAsync(Ct);
    }

    /// <summary>The change fails and leaves the log and the sequence unchanged.</summary>
    private static async Task<TFault> AssertNothingAsync<TFault>(
        MartenSetting setting,
        Action<IDocumentSession> change,
        IDocumentStore? store = null
    )
        where TFault : Exception
    {
        const string State = """
            select concat_ws(' ', (select count(*) from log.mt_events), (select max(position) from log.chain),
                (select last_value from log.mt_events_sequence), (select count(*) from log.streams))
            """;
        var before = await setting.AskAsync<string>(State);
        var fault = await Assert.ThrowsAnyAsync<TFault>(() => AppendAsync(store ?? setting.Store, change));
        Assert.Equal(before, await setting.AskAsync<string>(State));
        return fault;
    }
}
