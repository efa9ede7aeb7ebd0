using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Realtime.Engine;

namespace Veza.Integration.Tests.Live;

/// <summary>A second node on the same log, which stops while the first goes on.</summary>
public class StoppingTests(VezaServer server)
{
    [Fact]
    public async Task A_stopping_node_sends_its_subscribers_elsewhere_and_accepts_no_connection()
    {
        var person = await server.RegisterAsync("traveller");
        var home = Directory.CreateTempSubdirectory("veza-test-").FullName;
        // The same secrets, so both nodes accept the same tokens.
        foreach (
            var secret in Directory
                .GetFiles(server.Home, "*.*")
                .Where(f =>
                    f.EndsWith(".secret", StringComparison.Ordinal) || f.EndsWith(".key", StringComparison.Ordinal)
                )
        )
            File.Copy(secret, Path.Combine(home, Path.GetFileName(secret)));
        await using (
            var node = await VezaHost.StartAsync(
                VezaServer.Settings(home),
                server.ConnectionString,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        )
        {
            using var http = new HttpClient { BaseAddress = new(node.Address) };
            http.DefaultRequestHeaders.Authorization = new("Bearer", person.AccessToken);
            using var following = await http.GetAsync(
                "/api/v1/live?topics=chart:top",
                HttpCompletionOption.ResponseHeadersRead
            );
            Assert.Equal(HttpStatusCode.OK, following.StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/ready")).StatusCode);

            // The node answers until its web server stops too.
            node.App.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
            Assert.Contains(
                "event: closed\ndata: {\"kind\":\"closed\",\"reason\":\"server_stopping\"}",
                await following.Content.ReadAsStringAsync()
            );
            await http.GetAsync("/api/v1/live?topics=chart:top")
                .RefusedAsync(HttpStatusCode.ServiceUnavailable, "server_stopping");
            await http.PostAsync("/hubs/live/negotiate?negotiateVersion=1", null)
                .RefusedAsync(HttpStatusCode.ServiceUnavailable, "server_stopping");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/health/ready")).StatusCode);
            Assert.True(node.App.Services.GetRequiredService<LiveEngine>().IsStopping);
        }
        Directory.Delete(home, recursive: true);
    }
}
