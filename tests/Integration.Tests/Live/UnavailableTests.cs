using Npgsql;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Live;

public class UnavailableTests
{
    [Fact]
    public async Task A_subscription_for_which_there_is_no_connection_to_the_database_is_told_to_try_again_and_is_served_when_there_is_one()
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
        // The whole of what is expected, as a frame arrives in as many pieces as the network likes.
        var said = await socket.ReadUntilAsync("HubException: database_unavailable: ");
        Assert.Contains("\"invocationId\":\"1\",\"error\"", said);

        foreach (var connection in held)
            await connection.DisposeAsync();
        await socket.SendTextAsync(WebSocketPeer.Subscribe(chat.Channel, invocation: 2));
        await socket.ReadUntilAsync("\"kind\":\"batch\"");
    }

    /// <summary>
    /// Takes every connection that is given back, until none has been for as long as anybody waits for one.
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
