using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Veza.Integration.Tests.Chat;
using Veza.Integration.Tests.Live;

namespace Veza.Integration.Tests.Health;

/// <summary>A complete Veza whose private PostgreSQL is killed.</summary>
public sealed class ServerRestartTests
{
    [Fact]
    public async Task After_its_servers_death_a_node_goes_on_by_itself_and_says_meanwhile_what_is_wrong()
    {
        await using var server = new VezaServer { Watched = true };
        await server.InitializeAsync();
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        var chat = await ChatSetting.CreateAsync(server);
        using var following = await EventSource.OpenAsync(
            chat.Member,
            $"/api/v1/live?topics=channel:{chat.Channel}&after={server.Running.Log.Head}"
        );
        await SayAsync("before");

        // No server starts without this file, so the test decides when the restart succeeds.
        var control = Path.Combine(server.Postgres.DataFolder, "global", "pg_control");
        File.Move(control, control + ".away");
        await server.Postgres.KillAsync();
        await Eventually.TrueAsync(async () =>
            (await PostgresAsync("/health/live")).Detail?.EndsWith(
                "the server's log says why",
                StringComparison.Ordinal
            )
                is true
        );
        var (live, state, said) = await PostgresAsync("/health/live");
        Assert.Equal((HttpStatusCode.OK, "degraded"), (live, state));
        Assert.StartsWith("restarting since ", said);
        Assert.EndsWith("attempts failed: it does not start; the server's log says why", said);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await PostgresAsync("/health/ready")).Status);
        File.Move(control + ".away", control);

        // Each part separately: the appender, the tail and the live engine, the projections, the leases.
        long position = 0;
        await Eventually.TrueAsync(async () => (position = await TrySayAsync("after")) > 0);
        var texts = (await following.ItemsToAsync(position)).Select(i =>
            i.GetProperty("data").GetProperty("text").GetString()
        );
        Assert.Equal(["before", "after"], texts);
        var messages = await chat.Member.GetAsync($"/api/v1/channels/{chat.Channel}/messages").JsonAsync();
        Assert.Equal(2, messages.Items().Length);
        // Includes every projection and reactor, which reports with its next renewal of the lease.
        await Eventually.TrueAsync(async () =>
        {
            using var ready = await http.GetAsync("/health/ready");
            return (await ready.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString()
                == "healthy";
        });
        await Eventually.TrueAsync(() => server.Running.Log.Coordinator.Fault is null);
        var (_, well, past) = await PostgresAsync("/health/live");
        Assert.Equal("healthy", well);
        Assert.StartsWith("restarted 1 times, last at ", past);

        async Task SayAsync(string text) => Assert.NotEqual(0, await TrySayAsync(text));

        // The same key each time: all tries together send one message.
        async Task<long> TrySayAsync(string text)
        {
            using var answer = await chat.Member.PostAsync(
                $"/api/v1/channels/{chat.Channel}/messages",
                new { text },
                ("Idempotency-Key", text)
            );
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
                return 0;
            return (await answer.JsonAsync(HttpStatusCode.Created)).GetProperty("position").GetInt64();
        }

        async Task<(HttpStatusCode Status, string? State, string? Detail)> PostgresAsync(string path)
        {
            using var answer = await http.GetAsync(path);
            var check = (await answer.Content.ReadFromJsonAsync<JsonElement>())
                .GetProperty("checks")
                .GetProperty("postgres");
            return (
                answer.StatusCode,
                check.GetProperty("status").GetString(),
                check.GetProperty("detail").GetString()
            );
        }
    }
}
