using System.Net;
using System.Text.Json;
using Veza.EventStore.Postgres;

namespace Veza.Deploy.Tests.Releases;

public sealed class NotifyTests
{
    [Fact]
    public async Task The_outcome_arrives_at_the_webhook_as_json()
    {
        var url = $"http://127.0.0.1:{Loopback.FreePort()}/hook/";
        using var webhook = new HttpListener { Prefixes = { url } };
        webhook.Start();
        var notified = NotifyAsync(url, "rolled back: \"no\" \\ no\nroute");
        var request = await webhook.GetContextAsync().WaitAsync(TestContext.Current.CancellationToken);

        var body = await JsonDocument.ParseAsync(
            request.Request.InputStream,
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal("POST", request.Request.HttpMethod);
        Assert.Equal("application/json", request.Request.ContentType);
        Assert.Equal(
            """Veza 1.1.0 in test: rolled back: "no" \ noroute""",
            body.RootElement.GetProperty("text").GetString()
        );
        request.Response.Close();
        (await notified).Succeeded();
    }

    [Fact]
    public async Task A_webhook_that_does_not_answer_changes_no_deployment()
    {
        using var hosts = new NotedHosts($"NOTIFY_URL=http://127.0.0.1:{Loopback.FreePort()}/");
        (await hosts.DeployAsync("1.1.0")).Succeeded();
        Assert.Equal("deployed", hosts.Outcome);
    }

    private static Task<ShellResult> NotifyAsync(string url, string outcome) =>
        Shell.RunAsync(
            "deploy/scripts/notify.sh",
            ["test", "1.1.0", outcome],
            new Dictionary<string, string> { ["NOTIFY_URL"] = url }
        );
}
