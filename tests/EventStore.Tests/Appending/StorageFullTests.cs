using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Appending;
using Veza.EventStore.Database;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Appending;

public class StorageFullTests(LogFixture fixture)
{
    [Fact]
    public async Task A_full_disk_refuses_what_would_be_written_at_once_while_reading_goes_on()
    {
        long free = 1L << 40;
        var clock = new ManualTime();
        await using var log = await EventLog.OpenAsync(
            await fixture.NewDatabaseAsync(),
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken,
            disk: new DiskSpace(() => (free, 1L << 40), clock)
        );
        var stream = Guid.CreateVersion7();
        await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 1))));

        free = 0;
        clock.Advance(DiskSpace.LookEvery);
        await Assert.ThrowsAsync<StorageFullException>(() =>
            log.Appender.AppendAsync(Command(Change(stream, 1, new Counted(stream, 1))))
        );
        Assert.Single(
            await log.Reader.ReadAsync(
                0,
                long.MaxValue,
                10,
                only: null,
                stream: null,
                TestContext.Current.CancellationToken
            )
        );

        free = 1L << 40;
        clock.Advance(DiskSpace.LookEvery);
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(Command(Change(stream, 1, new Counted(stream, 1))))
        );
    }

    [Fact]
    public async Task A_server_that_says_it_has_no_room_is_not_asked_again_for_the_same()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await ExecuteAsync(
            log,
            """
            create sequence refused;
            create function no_room() returns trigger language plpgsql as
            $$ begin
                perform nextval('refused');
                raise exception 'could not extend file: No space left on device' using errcode = '53100';
            end $$;
            create trigger no_room before insert on log.mt_events for each row execute function no_room()
            """
        );
        var command = Command(Change(stream, 0, new Counted(stream, 1)));

        await Assert.ThrowsAsync<StorageFullException>(() => log.Appender.AppendAsync(command));
        await Assert.ThrowsAsync<StorageFullException>(() => log.Appender.AppendAsync(command));
        await using (var count = log.Database.CreateCommand("select last_value from refused"))
            Assert.Equal(2L, await count.ExecuteScalarAsync(TestContext.Current.CancellationToken));

        await ExecuteAsync(log, "drop trigger no_room on log.mt_events");
        Assert.IsType<AppendOutcome.Accepted>(await log.Appender.AppendAsync(command));
    }

    private static async Task ExecuteAsync(EventLog log, string sql)
    {
        await using var command = log.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
