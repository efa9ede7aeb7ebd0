using System.Text.Json;
using Veza.Cli;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Replay;

public class DiffTests(VezaServer server)
{
    [Fact]
    public async Task A_channel_as_of_two_positions_differs_by_what_happened_between_them()
    {
        var chat = await ChatSetting.CreateAsync(server);
        // More events than a page holds.
        for (var i = 0; i < 60; i++)
            await chat.SendAsync(chat.Owner, $"message {i}");
        var (edited, gone) = (await chat.SendAsync(chat.Owner, "first"), await chat.SendAsync(chat.Owner, "oops"));
        var from = chat.Owner.Position;
        await chat.Owner.PatchAsync($"/api/v1/messages/{edited}", new { text = "second" }).JsonAsync();
        await chat.Owner.PutAsync($"/api/v1/messages/{edited}/reactions/{Uri.EscapeDataString("🔥")}").JsonAsync();
        await chat.Owner.DeleteAsync($"/api/v1/messages/{gone}").JsonAsync();
        var sent = await chat.SendAsync(chat.Owner, "new");

        var (code, lines) = await DiffAsync(chat.Owner, $"channels/{chat.Channel}/messages", from, chat.Owner.Position);
        Assert.Equal(1, code);
        Assert.Contains($"~ [{edited}].text: \"first\" → \"second\"", lines);
        Assert.Contains($$"""+ [{{edited}}].reactions[🔥]: {"emoji":"🔥","count":1,"me":true}""", lines);
        Assert.Single(lines, l => l.StartsWith($"- [{gone}]: {{", StringComparison.Ordinal));
        Assert.Single(lines, l =>
            l.StartsWith($"+ [{sent}]: {{", StringComparison.Ordinal) && l.Contains("\"new\"", StringComparison.Ordinal)
        );
        Assert.All(lines, l =>
            Assert.Contains(new[] { edited, gone, sent }, id => l.Contains($"[{id}]", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task Equal_states_print_nothing_and_exit_with_0()
    {
        var chat = await ChatSetting.CreateAsync(server);
        await chat.SendAsync(chat.Owner, "hello");
        var from = chat.Owner.Position;
        await chat.SendAsync(chat.Owner, "hello again");
        var (code, lines) = await DiffAsync(chat.Owner, $"communities/{chat.Community}", from, chat.Owner.Position);
        Assert.Equal(0, code);
        Assert.Empty(lines);
    }

    [Fact]
    public async Task A_refusal_shows_the_servers_text()
    {
        var ana = await server.SharedAsync("ana");
        var refused = await Assert.ThrowsAsync<OperatorClientException>(() => DiffAsync(ana, "feed", 0, 1));
        Assert.Contains("400 asOf is \"0\"; it must be a position", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":1}""")]
    [InlineData(
        """{"a":1,"b":{"c":[1,2]}}""",
        """{"b":{"c":[1,3]},"d":null}""",
        "- a: 1",
        "~ b.c[1]: 2 → 3",
        "+ d: null"
    )]
    [InlineData(
        """[{"rank":1,"track":{"id":"x"}},{"rank":2,"track":{"id":"y"}}]""",
        """[{"rank":1,"track":{"id":"y"}},{"rank":2,"track":{"id":"x"}}]""",
        "~ [x].rank: 1 → 2",
        "~ [y].rank: 2 → 1"
    )]
    [InlineData("[1]", """{"a":1}""", "~ : [1] → {\"a\":1}")]
    public void Things_in_a_list_are_distinguished_by_their_names(string was, string now, params string[] lines) =>
        Assert.Equal(
            lines,
            JsonChanges.Between(
                JsonSerializer.Deserialize<JsonElement>(was),
                JsonSerializer.Deserialize<JsonElement>(now)
            )
        );

    private async Task<(int Code, string[] Lines)> DiffAsync(Person reader, string path, long from, long to)
    {
        using var client = new OperatorClient(new(server.Address), reader.AccessToken);
        await using var output = new StringWriter();
        var code = await DiffCommand.RunAsync(
            client,
            path,
            $"{from}",
            $"{to}",
            output,
            TestContext.Current.CancellationToken
        );
        return (code, output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }
}
