using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Live.Broadcasts;

/// <summary>From a browser's WebSocket to a listener and to the level, through the whole product.</summary>
public sealed class BrowserSourceTests(VezaServer server)
{
    private const string WebM = "audio/webm;codecs=opus";

    [Fact]
    public async Task A_browser_goes_live_is_heard_and_measured_returns_and_stops()
    {
        var owner = await server.RegisterAsync("dj");
        var (id, key) = await CreateAsync(owner);
        using var events = await EventSource.OpenAsync(owner, $"/api/v1/live?topics=broadcast:{id}");
        var sound = await SoundAsync(seconds: 4);

        using var first = await SourceClient.SayAsync(server.Address, id, key, WebM);
        await first.AcceptedAsync();
        await Eventually.TrueAsync(async () => await StatusAsync(owner, id) == "live");
        var listening = await ListenAsync(id);
        Assert.Equal("application/ogg", listening.Content.Headers.ContentType?.MediaType);
        await first.SendAsync(sound);
        var level = await LevelAsync(events);
        Assert.True(level.GetProperty("samplePeakDbfs").GetDouble() > -30);
        await first.FinishAsync();
        await Eventually.TrueAsync(async () => await StatusAsync(owner, id) == "interrupted");

        using var second = await SourceClient.SayAsync(server.Address, id, key, WebM);
        await second.AcceptedAsync();
        await Eventually.TrueAsync(async () => await StatusAsync(owner, id) == "live");
        await second.SendAsync(sound);
        await owner.PostAsync($"/api/v1/broadcasts/{id}/stop").JsonAsync();

        Assert.Equal((1000, "the broadcast has ended"), await second.ClosedAsync());
        Assert.Equal("ended", await StatusAsync(owner, id));
        // Both recordings, one after the other: what the second sent before the stop may be a part of it.
        var heard = await listening.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.InRange(await Ffmpeg.SecondsAsync(heard, "ogg"), 3.9, 8.2);
    }

    [Theory]
    [InlineData("account_erased")]
    [InlineData("account_suspended")]
    public async Task It_ends_with_its_account_and_its_key_opens_nothing(string how)
    {
        var owner = await server.RegisterAsync("dj");
        var (id, key) = await CreateAsync(owner);
        using var source = await SourceClient.SayAsync(server.Address, id, key, WebM);
        await source.AcceptedAsync();
        if (how == "account_erased")
            await owner.EraseAsync().JsonAsync();
        else
            await (await server.OperatorAsync())
                .PutAsync($"/api/v1/accounts/{owner.Id}/suspension", new { reason = "a test" })
                .JsonAsync();
        Assert.Equal((1000, "the broadcast has ended"), await source.ClosedAsync());
        using var again = await SourceClient.SayAsync(server.Address, id, key, WebM);
        Assert.InRange((await again.ClosedAsync()).Code, 4403, 4409);
    }

    [Fact]
    public async Task A_wrong_key_opens_nothing_and_writes_nothing()
    {
        var owner = await server.RegisterAsync("dj");
        var (id, key) = await CreateAsync(owner);
        using var wrong = await SourceClient.SayAsync(server.Address, id, new string('0', key.Length), WebM);
        Assert.Equal((4401, "wrong key for this broadcast"), await wrong.ClosedAsync());
        using var empty = await SourceClient.SayAsync(server.Address, id, "", WebM);
        Assert.Equal(4401, (await empty.ClosedAsync()).Code);
        Assert.Equal("waiting", await StatusAsync(owner, id));
    }

    private static async Task<JsonElement> LevelAsync(EventSource events)
    {
        while (true)
        {
            var (kind, data) = await events.NextAsync().WaitAsync(TimeSpan.FromMinutes(1));
            if (kind == "level")
                return data;
        }
    }

    private Task<HttpResponseMessage> ListenAsync(Guid id) =>
        server.Http.GetAsync(
            $"{server.Address}/live/{id}",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );

    private static Task<byte[]> SoundAsync(int seconds) =>
        Ffmpeg.RunAsync(
            default,
            "-f",
            "lavfi",
            "-i",
            $"sine=440:d={seconds}",
            "-c:a",
            "libopus",
            "-f",
            "webm",
            "pipe:1"
        );

    private static async Task<(Guid Id, string Key)> CreateAsync(Person owner)
    {
        var made = await owner
            .PostAsync("/api/v1/broadcasts", new { title = "From the browser" })
            .JsonAsync(HttpStatusCode.Created);
        return (made.Id(), made.GetProperty("ingest").GetProperty("key").GetString()!);
    }

    private static async Task<string?> StatusAsync(Person owner, Guid id) =>
        (await owner.GetAsync($"/api/v1/broadcasts/{id}").JsonAsync()).GetProperty("status").GetString();
}
