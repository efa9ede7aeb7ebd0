using Npgsql;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Live;

public class UnavailableTests
{
    [Fact]
    public async Task A_subscription_without_a_database_connection_is_refused_with_a_retry_and_served_once_one_is_free()
    {
        await using var server = new VezaServer
        {
            More = [("DATABASE_POOL_SIZE", "16"), ("DATABASE_TIMEOUT_MS", "1000")],
        };
        await server.InitializeAsync();
        var chat = await ChatSetting.CreateAsync(server);
        using var socket = await WebSocketPeer.OpenAsync(server.Address, chat.Member.AccessToken!);
        await socket.SendTextAsync(WebSocketPeer.Handshake);

        var held = await HoldAllAsync(server.Running.Log.Database);
        await socket.SendTextAsync(WebSocketPeer.Subscribe(chat.Channel));
        // Reads until the whole text has come, because a frame may arrive in any number of pieces.
        var said = await socket.ReadUntilAsync("HubException: database_unavailable: ");
        Assert.Contains("\"invocationId\":\"1\",\"error\"", said);

        foreach (var connection in held)
            await connection.DisposeAsync();
        await socket.SendTextAsync(WebSocketPeer.Subscribe(chat.Channel, invocation: 2));
        await socket.ReadUntilAsync("\"kind\":\"batch\"");
    }

    /// <summary>
    /// Takes every connection that returns to the pool, until none has for the longest wait of any caller.
    /// </summary>
    private static async Task<List<NpgsqlConnection>> HoldAllAsync(NpgsqlDataSource database)
    {
        var held = new List<NpgsqlConnection>();
        try
        {
            while (true)
                held.Add(await database.OpenConnectionAsync(TestContext.Current.CancellationToken));
        }
        catch (NpgsqlException)
        {
            return held;
        }
    }
}
