using Marten;
using Marten.Linq;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using Weasel.Core;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Marten;

/// <summary>The pinned version of Marten reads a log that a node wrote.</summary>
public class MartenReadingTests(LogFixture fixture)
{
    private readonly Guid _page = Guid.CreateVersion7(),
        _author = Guid.CreateVersion7();
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Each difference from the tables that Marten creates, and its reason.</summary>
    private static readonly string[] Differences =
    [
        // Refuses updates and deletes: the log is append-only.
        "log.mt_archive_stream Update",
        // Partitioned, without a foreign key and a unique index, whose cost every append would pay. The log's lock
        // enforces versions.
        "log.mt_events Update",
        // A sequence leaves gaps; the log assigns positions under its lock.
        "log.mt_events_sequence Create",
        // Numbers without gaps, extends the hash chain, refuses unsealed texts.
        "log.mt_quick_append_events Update",
        // A view: a table would be updated by every append.
        "log.mt_streams Update",
    ];

    [Fact]
    public async Task Of_the_schema_that_Marten_expects_it_misses_only_what_is_listed()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await Assert.ThrowsAnyAsync<Exception>(() =>
            setting.Store.Storage.Database.AssertDatabaseMatchesConfigurationAsync(Ct)
        );
        var migration = await setting.Store.Storage.Database.CreateMigrationAsync(Ct);
        Assert.Equal(
            Differences,
            migration
                .Deltas.Where(d =>
                    d.Difference != SchemaPatchDifference.None && d.SchemaObject.Identifier.Schema == "log"
                )
                .Select(d => $"{d.SchemaObject.Identifier} {d.Difference}")
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_stream_is_fetched_with_its_texts_opened_and_its_metadata()
    {
        await using var setting = await WrittenAsync();
        await using var session = setting.Store.QuerySession();
        var events = await session.Events.FetchStreamAsync(_page, token: Ct);
        Assert.Equal<object>(
            [
                new PageWritten(_page, _author, "Dear diary", Weather.HeavyRain),
                new PageEdited(_page, _author, "Dearest diary"),
                new PageRead(_page, 2),
            ],
            events.Select(e => e.Data)
        );
        Assert.Equal([1, 2, 3], events.Select(e => e.Version));
        Assert.Equal(["page_written", "page_edited", "page_read_v2"], events.Select(e => e.EventTypeName));
        Assert.All(events, e => Assert.Equal(_author.ToString("N"), e.UserName));
        Assert.Equal(2, (await session.Events.FetchStreamAsync(_page, version: 2, token: Ct)).Count);

        var state = await session.Events.FetchStreamStateAsync(_page, Ct);
        Assert.Equal((3L, typeof(Page)), (state!.Version, state.AggregateType));
        Assert.Null(await session.Events.FetchStreamStateAsync(Guid.CreateVersion7(), Ct));
        Assert.Equal(3, (await setting.Store.Advanced.FetchEventStoreStatistics(token: Ct)).EventSequenceNumber);
    }

    [Fact]
    public async Task An_aggregate_is_folded_as_commands_fold_it_by_version_and_by_time()
    {
        await using var setting = await WrittenAsync();
        await using var session = setting.Store.LightweightSession();
        var now = (Page)(await setting.Log.Aggregates.LoadAsync(typeof(Page), _page, Ct)).State!;
        Assert.Equal(now, (await session.Events.AggregateStreamAsync<Folded<Page>>(_page, token: Ct))!.State);
        var latest = await session.Events.FetchLatest<Folded<Page>>(_page, Ct);
        Assert.Equal((now, 3L, _page), (latest!.State, latest.Version, latest.Id));
        Assert.Equal(
            new Page(_page, "Dear diary", 0),
            (await session.Events.AggregateStreamAsync<Folded<Page>>(_page, version: 1, token: Ct))!.State
        );
        var second = (await session.Events.FetchStreamAsync(_page, token: Ct))[1].Timestamp;
        Assert.Equal(
            "Dearest diary",
            (await session.Events.AggregateStreamAsync<Folded<Page>>(_page, timestamp: second, token: Ct))!.State!.Text
        );
        Assert.Null(await session.Events.AggregateStreamAsync<Folded<Page>>(Guid.CreateVersion7(), token: Ct));
    }

    [Fact]
    public async Task Events_are_found_with_LINQ()
    {
        await using var setting = await WrittenAsync();
        await using var session = setting.Store.QuerySession();
        Assert.Equal(3, await session.Events.QueryAllRawEvents().CountAsync(Ct));
        var found = await session
            .Events.QueryAllRawEvents()
            .Where(e => e.Sequence > 1 && e.StreamId == _page && e.EventTypeName == "page_edited")
            .ToListAsync(Ct);
        Assert.Equal(new PageEdited(_page, _author, "Dearest diary"), Assert.Single(found).Data);
        var by = _author.ToString("N");
        Assert.Equal(3, await session.Events.QueryAllRawEvents().CountAsync(e => e.UserName == by, Ct));
        // Without the row the event's id is unknown, and personal texts stay sealed.
        var bare = await session.Events.QueryRawEventDataOnly<PageWritten>().Where(e => e.Id == _page).SingleAsync(Ct);
        Assert.StartsWith("sealed.1.", bare.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_of_an_earlier_schema_version_is_brought_to_the_current_one()
    {
        await using var setting = await WrittenAsync();
        await setting.AskAsync<object>(
            "update log.mt_events set type = 'page_read', data = data - 'times' where seq_id = 3"
        );
        await using var session = setting.Store.QuerySession();
        Assert.Equal(new PageRead(_page, 1), (await session.Events.FetchStreamAsync(_page, token: Ct))[2].Data);
        Assert.Equal(1, (await session.Events.AggregateStreamAsync<Folded<Page>>(_page, token: Ct))!.State!.Read);
    }

    [Fact]
    public async Task Texts_of_an_erased_account_are_empty_once_this_program_has_dropped_its_key()
    {
        await using var setting = await WrittenAsync();
        await using var session = setting.Store.QuerySession();
        Assert.Equal(
            "Dear diary",
            ((PageWritten)(await session.Events.FetchStreamAsync(_page, token: Ct))[0].Data).Text
        );
        await setting.AskAsync<object>(
            """
            insert into log.mt_doc_deadletterevent (id, data)
            values (gen_random_uuid(), '{"eventSequence": 1, "exceptionMessage": "cannot read Dear diary"}')
            """
        );
        var gone = Guid.CreateVersion7();
        Assert.IsType<AppendOutcome.Accepted>(
            await setting.Log.Appender.AppendAsync(
                Command(new StreamChange(gone, "author", 0, [new AuthorErased(_author)])) with
                {
                    ErasedAccounts = [_author],
                }
            )
        );
        await Eventually.TrueAsync(async () =>
            ((PageWritten)(await session.Events.FetchStreamAsync(_page, token: Ct))[0].Data).Text == ""
        );
        // Marten's dead letters about the account's events were erased with the key.
        Assert.Equal(0, await setting.AskAsync<long>("select count(*) from log.mt_doc_deadletterevent"));
    }

    private async Task<MartenSetting> WrittenAsync()
    {
        var setting = await MartenSetting.BeginAsync(fixture);
        object[] events =
        [
            new PageWritten(_page, _author, "Dear diary", Weather.HeavyRain),
            new PageEdited(_page, _author, "Dearest diary"),
            new PageRead(_page, 2),
        ];
        for (var version = 0; version < events.Length; version++)
        {
            var command = Command(new StreamChange(_page, "page", version, [events[version]])) with
            {
                By = _author.ToString("N"),
            };
            Assert.IsType<AppendOutcome.Accepted>(await setting.Log.Appender.AppendAsync(command));
        }
        return setting;
    }
}
