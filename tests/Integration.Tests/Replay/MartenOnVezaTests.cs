using MartenOnVeza;
using Veza.Api;
using Veza.EventStore.Verification;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Replay;

/// <summary>Runs the sample against a running Veza.</summary>
public sealed class MartenOnVezaTests(MartenOnVezaTests.Server server) : IClassFixture<MartenOnVezaTests.Server>
{
    [Fact]
    public async Task The_sample_reads_aggregates_projects_and_appends_and_the_running_Veza_shows_it_at_once()
    {
        var chat = await ChatSetting.CreateAsync(server.Veza);
        var message = await chat.SendAsync(chat.Owner, "first text");
        await chat.Owner.PatchAsync($"/api/v1/messages/{message}", new { text = "second text" });

        var output = new StringWriter();
        Assert.Equal(
            message,
            await Sample.RunAsync(
                server.Veza.ConnectionString,
                Server.EncryptionKey,
                output,
                TestContext.Current.CancellationToken
            )
        );
        Assert.Contains("version 1: message_sent", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("the message then: first text", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("the message then: second text", output.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "its channel has 1 messages, 0 of them deleted, and 1 reactions",
            output.ToString(),
            StringComparison.Ordinal
        );

        // This Veza noticed the event as it does an event of another node.
        await Eventually.TrueAsync(async () =>
        {
            var shown = await (await chat.Owner.GetAsync($"/api/v1/messages/{message}")).JsonAsync();
            return shown
                .GetProperty("reactions")
                .EnumerateArray()
                .Any(r => r.GetProperty("emoji").GetString() == "📎" && r.GetProperty("me").GetBoolean());
        });
        var report = await new LogVerifier(server.Veza.Running.Log.Database, VezaApplication.NameRules).VerifyAsync(
            TestContext.Current.CancellationToken
        );
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
    }

    /// <summary>With an encryption key, which the sample gets from the operator.</summary>
    public sealed class Server : IAsyncLifetime
    {
        public const string EncryptionKey = "a key of the sample's own, long enough for anybody";

        public VezaServer Veza { get; } = new() { More = [("ENCRYPTION_KEY", EncryptionKey)] };

        public ValueTask InitializeAsync() => Veza.InitializeAsync();

        public ValueTask DisposeAsync() => Veza.DisposeAsync();
    }
}
