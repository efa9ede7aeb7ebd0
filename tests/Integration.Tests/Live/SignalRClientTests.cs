using System.Text.Json;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Live;

/// <summary>Microsoft's client of SignalR, which has no knowledge of Veza.</summary>
public sealed class SignalRClientTests(VezaServer server)
{
    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    public async Task It_receives_every_message_once_and_in_order_and_resumes_where_it_was(HttpTransportType transport)
    {
        var chat = await ChatSetting.CreateAsync(server);
        var from = server.Running.Log.Head;
        foreach (var text in new[] { "one", "two" })
            await chat.SendAsync(chat.Owner, text);

        long position;
        string epoch;
        await using (var first = await ConnectAsync(chat.Member, transport))
        {
            var (texts, last) = await ReadAsync(first, 2, "Subscribe", Topics(chat), from);
            Assert.Equal(["one", "two"], texts);
            (position, epoch) = (last.GetProperty("position").GetInt64(), last.GetProperty("epoch").GetString()!);
        }
        foreach (var text in new[] { "three", "four" })
            await chat.SendAsync(chat.Owner, text);

        await using var again = await ConnectAsync(chat.Member, transport);
        Assert.Equal(["three", "four"], (await ReadAsync(again, 2, "Resume", Topics(chat), position, epoch)).Texts);
    }

    [Fact]
    public async Task A_refused_subscription_says_why_and_the_connection_goes_on()
    {
        var chat = await ChatSetting.CreateAsync(server);
        await using var connection = await ConnectAsync(chat.Stranger, HttpTransportType.WebSockets);
        var refused = await Assert.ThrowsAsync<HubException>(() =>
            ReadAsync(connection, 1, "Subscribe", Topics(chat), null)
        );
        Assert.Contains("permission_missing: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(HubConnectionState.Connected, connection.State);
    }

    [Fact]
    public async Task Without_a_token_it_does_not_connect()
    {
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() =>
            ConnectAsync(server.Anonymous, HttpTransportType.WebSockets)
        );
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    private static string[] Topics(ChatSetting chat) => [$"channel:{chat.Channel}"];

    private async Task<HubConnection> ConnectAsync(Person person, HttpTransportType transport)
    {
        var connection = new HubConnectionBuilder()
            .WithUrl(server.Address + "/hubs/live", transport, options =>
                options.AccessTokenProvider = () => Task.FromResult(person.AccessToken)
            )
            .Build();
        await connection.StartAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    /// <returns>The texts of the first messages, and the batch of the last one.</returns>
    private static async Task<(List<string> Texts, JsonElement Last)> ReadAsync(
        HubConnection connection,
        int messages,
        string method,
        params object?[] arguments
    )
    {
        var texts = new List<string>();
        var stream = connection.StreamAsyncCore<JsonElement>(method, arguments, TestContext.Current.CancellationToken);
        await foreach (var batch in stream)
        {
            Assert.Equal("batch", batch.GetProperty("kind").GetString());
            texts.AddRange(batch.Items().Select(item => item.GetProperty("data").GetProperty("text").GetString()!));
            if (texts.Count >= messages)
                return (texts, batch);
        }
        throw new EndOfStreamException($"the server ended the stream after {texts.Count} messages");
    }
}
