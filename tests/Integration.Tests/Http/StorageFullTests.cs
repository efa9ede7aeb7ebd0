using System.Net;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Http;

/// <summary>A Veza whose PostgreSQL has no space on its disk, which Veza cannot see.</summary>
public sealed class StorageFullTests
{
    [Fact]
    public async Task On_a_full_disk_writes_are_refused_with_when_to_try_again_while_reads_are_answered()
    {
        await using var server = new VezaServer();
        await server.InitializeAsync();
        var chat = await ChatSetting.CreateAsync(server);
        var messages = $"/api/v1/channels/{chat.Channel}/messages";
        await ExecuteAsync(
            server,
            """
            create function no_room() returns trigger language plpgsql as
            $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
            create trigger no_room before insert on log.mt_events for each row execute function no_room()
            """
        );

        using var refused = await chat.Member.PostAsync(messages, new { text = "hello" });
        await Task.FromResult(refused).RefusedAsync(HttpStatusCode.ServiceUnavailable, "storage_full");
        Assert.Equal(TimeSpan.FromSeconds(10), refused.Headers.RetryAfter?.Delta);
        await chat.Member.GetAsync(messages).JsonAsync();

        await ExecuteAsync(server, "drop trigger no_room on log.mt_events");
        await chat.Member.PostAsync(messages, new { text = "hello" }).JsonAsync(HttpStatusCode.Created);
    }

    private static async Task ExecuteAsync(VezaServer server, string sql)
    {
        await using var command = server.Running.Log.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
