using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Journey.Tests;

/// <summary>A command scheduled for a later time survives the death of the process that holds it.</summary>
public class ScheduledCommandTests
{
    /// <summary>
    /// Usually long enough for the process to be dead by then; otherwise the next suspension is longer.
    /// </summary>
    private static readonly TimeSpan SuspendedFor = TimeSpan.FromSeconds(15);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_suspension_ends_at_its_time_and_once_although_the_process_was_killed_meanwhile()
    {
        await using var veza = new VezaProcess();
        await veza.StartAsync();
        var ada = new
        {
            userName = "ada",
            email = "ada@example.org",
            password = "correct horse battery",
        };
        var id = (await SendAsync(veza, HttpMethod.Post, "accounts", null, ada)).Said.GetProperty("id").GetGuid();
        var (until, ended) = (default(DateTimeOffset), 0);
        for (var span = SuspendedFor; ; span *= 2)
        {
            until = TimeProvider.System.GetUtcNow() + span;
            var suspension = new { reason = "sells followers", until };
            var suspended = await SendAsync(
                veza,
                HttpMethod.Put,
                $"accounts/{id}/suspension",
                await OperatorAsync(veza),
                suspension
            );
            Assert.Equal(HttpStatusCode.OK, suspended.Status);
            ended++;
            await Eventually.TrueAsync(
                async () => await ScheduledAsync(veza),
                what: "the end of the suspension has its time"
            );
            await veza.KillAsync();
            var inTime = TimeProvider.System.GetUtcNow() < until;
            await veza.StartAsync();
            if (inTime)
                break;
            await Eventually.TrueAsync(
                async () => await SignInAsync(veza, ada.userName, ada.password) is null,
                within: TimeSpan.FromMinutes(3),
                what: "ada signs in again"
            );
        }

        // A process is presumed dead after some seconds, and its work is taken over then.
        await Eventually.TrueAsync(
            async () => await SignInAsync(veza, ada.userName, ada.password) is null,
            within: TimeSpan.FromMinutes(3),
            what: "ada signs in again"
        );
        Assert.True(TimeProvider.System.GetUtcNow() >= until, "it ended before its time");
        await Eventually.TrueAsync(async () => await WaitingAsync(veza) == 0, what: "nothing waits any longer");
        var session = await SendAsync(
            veza,
            HttpMethod.Post,
            "sessions",
            null,
            new { name = ada.userName, ada.password }
        );
        var events = await SendAsync(
            veza,
            HttpMethod.Get,
            "accounts/me/security-events",
            session.Said.GetProperty("accessToken").GetString(),
            null
        );
        Assert.Equal(
            ended,
            events
                .Said.GetProperty("items")
                .EnumerateArray()
                .Count(e => e.GetProperty("type").GetString() == "account_suspension_expired")
        );
    }

    /// <returns>The problem's code; null when it succeeds.</returns>
    private static async Task<string?> SignInAsync(VezaProcess veza, string name, string password)
    {
        var (status, said) = await SendAsync(veza, HttpMethod.Post, "sessions", null, new { name, password });
        return status == HttpStatusCode.Created ? null : said.GetProperty("type").GetString()!.Split('/')[^1];
    }

    /// <returns>True when the newest suspension was handled: its end is scheduled, or has come.</returns>
    private static async Task<bool> ScheduledAsync(VezaProcess veza)
    {
        var items = await ReactorsAsync(veza);
        var (follows, commands) = (Named(items, "accounts.expire_suspensions.v1"), Named(items, "commands"));
        return commands.GetProperty("waiting").GetInt64() == 1
            || (follows.GetProperty("waiting").GetInt64() == 0 && follows.GetProperty("lag").GetInt64() == 0);
    }

    /// <returns>The scheduled commands.</returns>
    private static async Task<long> WaitingAsync(VezaProcess veza) =>
        Named(await ReactorsAsync(veza), "commands").GetProperty("waiting").GetInt64();

    private static async Task<JsonElement> ReactorsAsync(VezaProcess veza) =>
        (await SendAsync(veza, HttpMethod.Get, "reactors", await OperatorAsync(veza), null)).Said.GetProperty("items");

    private static JsonElement Named(JsonElement items, string name) =>
        items.EnumerateArray().Single(r => r.GetProperty("name").GetString() == name);

    private static async Task<string> OperatorAsync(VezaProcess veza)
    {
        var file = await File.ReadAllTextAsync(Path.Combine(veza.Home, "operator.json"), Ct);
        var known = JsonSerializer.Deserialize<JsonElement>(file);
        var (name, password) = (known.GetProperty("userName").GetString(), known.GetProperty("password").GetString());
        var session = await SendAsync(veza, HttpMethod.Post, "sessions", null, new { name, password });
        return session.Said.GetProperty("accessToken").GetString()!;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Said)> SendAsync(
        VezaProcess veza,
        HttpMethod method,
        string path,
        string? token,
        object? body
    )
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(method, $"{veza.Address}/api/v1/{path}");
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var answer = await http.SendAsync(request, Ct);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(Ct));
    }
}
