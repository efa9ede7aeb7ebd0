using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR.Client;
using Veza.Api.Live.Broadcasts;

namespace Veza.Integration.Tests.Live.Broadcasts;

/// <summary>From an encoder's bytes to the followers' level, through the whole product.</summary>
public sealed class BroadcastLevelsTests(VezaServer server)
{
    /// <summary>A tone of 997 Hz, half of full scale on the left and a quarter on the right.</summary>
    private const string Tone = "aevalsrc=0.5*sin(2*PI*997*t)|0.25*sin(2*PI*997*t):s=48000";

    /// <summary>A level comes within this time, also on a busy machine.</summary>
    private static readonly TimeSpan SaysNothingMax = TimeSpan.FromMinutes(1);

    private const double PeakDbfs = -6.02;
    private static readonly double Lufs = 10 * Math.Log10((0.5 * 0.5 + 0.25 * 0.25) / 2);

    private static readonly MeterListener Listening = new();
    private static long _running;

    /// <summary>The number of running meters; no other class follows broadcasts of Opus.</summary>
    private static long Running => Interlocked.Read(ref _running);

    static BroadcastLevelsTests()
    {
        Listening.InstrumentPublished = (instrument, me) =>
        {
            if (instrument.Name == "veza.slots.taken")
                me.EnableMeasurementEvents(instrument);
        };
        Listening.SetMeasurementEventCallback<long>(
            (_, value, tags, _) =>
            {
                if (tags.Length > 0 && tags[0].Value as string == "broadcast_meters")
                    Interlocked.Add(ref _running, value);
            }
        );
        Listening.Start();
    }

    [Fact]
    public async Task Followers_of_an_Opus_broadcast_see_the_level_of_the_tone_over_events_and_over_the_hub()
    {
        var owner = await server.RegisterAsync("dj");
        var follower = await server.RegisterAsync("follower");
        var (id, ingest) = await CreateAsync(owner);
        using var events = await EventSource.OpenAsync(follower, $"/api/v1/live?topics=broadcast:{id}");
        await using var hub = await ConnectAsync(follower);
        var overHub = FirstLevelAsync(hub, id);
        using var source = new CancellationTokenSource();
        var sending = SendInRealTimeAsync(ingest, source.Token);
        try
        {
            var level = await LevelAsync(events, loud: true);
            Assert.Equal(id, level.GetProperty("broadcastId").GetGuid());
            Assert.Equal(PeakDbfs, level.GetProperty("samplePeakDbfs").GetDouble(), 0.5);
            Assert.Equal(Lufs, level.GetProperty("momentaryLufs").GetDouble(), 0.3);
            Assert.Equal(JsonValueKind.Null, level.GetProperty("unmetered").ValueKind);
            Assert.True(level.GetProperty("at").TryGetDateTimeOffset(out _));
            var same = await overHub.WaitAsync(SaysNothingMax);
            Assert.Equal(PeakDbfs, same.GetProperty("samplePeakDbfs").GetDouble(), 0.5);
            // A level has no position: the batches decide where to resume.
            Assert.Matches("^[^:]+:[0-9]+$", events.LastId);
        }
        finally
        {
            await source.CancelAsync();
            await sending;
        }
        await StopAsync(owner, id);
    }

    [Fact]
    public async Task Bytes_that_are_no_Opus_end_neither_the_broadcast_nor_its_meter()
    {
        var owner = await server.RegisterAsync("dj");
        var (id, ingest) = await CreateAsync(owner);
        using var events = await EventSource.OpenAsync(owner, $"/api/v1/live?topics=broadcast:{id}");
        using (var source = await IngestAsync(ingest, "application/ogg"))
        {
            // Every packet of the stream is corrupted, on pages with valid checksums.
            await source.SendAsync(Spoiled(await OpusAsync(Tone, seconds: 5)));
            // The noise it decodes to is finite.
            var level = await LevelAsync(events, loud: false);
            Assert.InRange(level.GetProperty("momentaryLufs").GetDouble(), -70, 10);
            Assert.Equal("live", await StatusAsync(owner, id));
        }
        await Eventually.TrueAsync(async () => await StatusAsync(owner, id) == "interrupted");
        using var end = new CancellationTokenSource();
        var sending = SendInRealTimeAsync(ingest, end.Token);
        try
        {
            // Levels of the noise may still arrive first.
            double peak;
            do peak = (await LevelAsync(events, loud: true)).GetProperty("samplePeakDbfs").GetDouble();
            while (Math.Abs(peak - PeakDbfs) > 0.5);
        }
        finally
        {
            await end.CancelAsync();
            await sending;
        }
        await StopAsync(owner, id);
    }

    [Fact]
    public async Task A_broadcast_with_more_than_two_channels_says_so()
    {
        var owner = await server.RegisterAsync("dj");
        var (id, ingest) = await CreateAsync(owner);
        using var events = await EventSource.OpenAsync(owner, $"/api/v1/live?topics=broadcast:{id}");
        using var source = await IngestAsync(ingest, "application/ogg");
        await source.SendAsync(await OpusAsync("sine=440", seconds: 1, "-ac", "6"));
        var level = await LevelAsync(events, loud: false);
        Assert.Equal("channel_mapping", level.GetProperty("unmetered").GetString());
        Assert.Equal(JsonValueKind.Null, level.GetProperty("momentaryLufs").ValueKind);
        await StopAsync(owner, id);
    }

    [Fact]
    public async Task One_account_has_its_share_of_the_meters_and_hears_of_it_beyond_that()
    {
        var (owner, follower) = (await server.RegisterAsync("station"), await server.RegisterAsync("follower"));
        var sound = await OpusAsync("anoisesrc=r=48000", seconds: 2);
        var sources = new List<RawConnection>();
        var ids = new List<Guid>();
        for (var i = 0; i <= BroadcastLevels.MetersPerAccount; i++)
        {
            var (id, ingest) = await CreateAsync(owner);
            ids.Add(id);
            sources.Add(await IngestAsync(ingest, "application/ogg"));
            await sources[^1].SendAsync(sound);
        }
        var topics = string.Join(',', ids.Select(id => $"broadcast:{id}"));
        using var events = await EventSource.OpenAsync(follower, $"/api/v1/live?topics={topics}");
        var (metered, refused) = (new HashSet<Guid>(), new HashSet<Guid>());
        while (metered.Count + refused.Count < ids.Count)
        {
            var level = await LevelAsync(events, loud: false);
            var isRefused = level.GetProperty("unmetered").GetString() == "too_many";
            (isRefused ? refused : metered).Add(level.GetProperty("broadcastId").GetGuid());
        }
        Assert.Equal(BroadcastLevels.MetersPerAccount, metered.Count);
        Assert.Single(refused);
        foreach (var source in sources)
            source.Dispose();
        foreach (var id in ids)
            await StopAsync(owner, id);
    }

    [Fact]
    public async Task A_meter_runs_while_it_has_a_follower_and_ends_with_the_session_and_with_the_broadcast()
    {
        var (owner, follower) = (await server.RegisterAsync("dj"), await server.RegisterAsync("follower"));
        // The meters of the test before end a moment after it.
        await Eventually.TrueAsync(() => Running == 0);
        var (id, ingest) = await CreateAsync(owner);
        var topic = $"/api/v1/live?topics=broadcast:{id}";
        var sound = await OpusAsync(Tone, seconds: 2);
        using var source = await IngestAsync(ingest, "application/ogg");
        await source.SendAsync(sound);
        using (var events = await EventSource.OpenAsync(follower, topic))
        {
            await LevelAsync(events, loud: false);
            Assert.Equal(1, Running);
        }
        await Eventually.TrueAsync(() => Running == 0);

        using var signedOut = await EventSource.OpenAsync(follower, topic);
        await Eventually.TrueAsync(() => Running == 1);
        await follower.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await Eventually.TrueAsync(() => Running == 0);

        using var own = await EventSource.OpenAsync(owner, topic);
        await Eventually.TrueAsync(() => Running == 1);
        await StopAsync(owner, id);
        await Eventually.TrueAsync(() => Running == 0);
    }

    [Fact]
    public async Task A_broadcast_of_another_codec_has_no_level_and_its_events_all_the_same()
    {
        var owner = await server.RegisterAsync("dj");
        var (id, ingest) = await CreateAsync(owner);
        var after = owner.Position;
        using (var source = await IngestAsync(ingest, "audio/mpeg"))
        {
            await source.SendAsync(await Ffmpeg.Mp3Async(2));
            await Eventually.TrueAsync(async () => await StatusAsync(owner, id) == "live");
        }
        await StopAsync(owner, id);
        using var events = await EventSource.OpenAsync(owner, $"/api/v1/live?topics=broadcast:{id}&after={after}");
        // Throws for any other kind.
        var items = await events.ItemsToAsync(owner.Position);
        Assert.Equal("broadcastStarted", items[0].GetProperty("type").GetString());
        Assert.Equal("broadcastEnded", items[^1].GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(0, 200)]
    [InlineData(2_000, 200)]
    [InlineData(2_500, 250)]
    [InlineData(100_000, 10_000)]
    public void The_more_followers_there_are_the_less_often_each_gets_a_level(int followers, int everyMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(everyMs), BroadcastLevels.EveryFor(followers));

    [Theory]
    [InlineData(0, 200)]
    [InlineData(30, 170)]
    [InlineData(100, 100)]
    [InlineData(150, 150)]
    [InlineData(5_000, 5_000)]
    public void Metering_rests_at_least_as_long_as_it_worked(int workedMs, int restMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(restMs), BroadcastLevels.RestAfter(TimeSpan.FromMilliseconds(workedMs)));

    /// <summary>Reads up to the next level; batches may come before it.</summary>
    /// <param name="loud">Skips levels from before the tone has filled the window.</param>
    private static async Task<JsonElement> LevelAsync(EventSource events, bool loud)
    {
        while (true)
        {
            var (kind, data) = await events.NextAsync().WaitAsync(SaysNothingMax);
            if (kind == "batch")
                continue;
            Assert.Equal("level", kind);
            if (!loud || IsSteady(data))
                return data;
        }
    }

    private static bool IsSteady(JsonElement level) =>
        level.GetProperty("momentaryLufs") is { ValueKind: JsonValueKind.Number } momentary
        && Math.Abs(momentary.GetDouble() - Lufs) < 0.3;

    private static async Task<JsonElement> FirstLevelAsync(HubConnection hub, Guid id)
    {
        var topics = new[] { $"broadcast:{id}" };
        var ct = TestContext.Current.CancellationToken;
        await foreach (var message in hub.StreamAsync<JsonElement>("Subscribe", topics, (long?)null, ct))
            if (message.GetProperty("kind").GetString() == "level" && IsSteady(message))
                return message;
        throw new EndOfStreamException("the server ended the stream");
    }

    private async Task<HubConnection> ConnectAsync(Person person)
    {
        var connection = new HubConnectionBuilder()
            .WithUrl(server.Address + "/hubs/live", options =>
                options.AccessTokenProvider = () => Task.FromResult(person.AccessToken)
            )
            .Build();
        await connection.StartAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private static async Task<(Guid Id, JsonElement Ingest)> CreateAsync(Person owner)
    {
        var answer = owner.PostAsync("/api/v1/broadcasts", new { title = "Test tones" });
        var made = await answer.JsonAsync(HttpStatusCode.Created);
        return (made.Id(), made.GetProperty("ingest"));
    }

    private static async Task<string?> StatusAsync(Person owner, Guid id) =>
        (await owner.GetAsync($"/api/v1/broadcasts/{id}").JsonAsync()).GetProperty("status").GetString();

    private static Task<JsonElement> StopAsync(Person owner, Guid id) =>
        owner.PostAsync($"/api/v1/broadcasts/{id}/stop").JsonAsync();

    /// <summary>Sends as an encoder does, until it is stopped.</summary>
    private static Task SendInRealTimeAsync(JsonElement ingest, CancellationToken ct) =>
        Ffmpeg.RunUntilAsync(
            ct,
            "-re",
            "-f",
            "lavfi",
            "-i",
            Tone,
            "-c:a",
            "libopus",
            "-b:a",
            "128k",
            "-page_duration",
            "200000",
            "-f",
            "ogg",
            "-content_type",
            "application/ogg",
            ingest.GetProperty("url").GetString()!
        );

    private static Task<byte[]> OpusAsync(string sound, int seconds, params string[] options) =>
        Ffmpeg.RunAsync(
            default,
            [
                "-f",
                "lavfi",
                "-i",
                sound,
                "-t",
                $"{seconds}",
                .. options,
                "-c:a",
                "libopus",
                "-page_duration",
                "200000",
                "-f",
                "ogg",
                "pipe:1",
            ]
        );

    /// <returns>A connection whose request head was accepted.</returns>
    private async Task<RawConnection> IngestAsync(JsonElement ingest, string contentType)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(server.Address).Port);
        var connection = new RawConnection(client);
        var authorization = RawConnection.Authorization(ingest.GetProperty("key").GetString()!);
        await connection.SendAsync(
            $"PUT {ingest.GetProperty("mount").GetString()} HTTP/1.1\r\nHost: here\r\n"
                + $"{authorization}Content-Type: {contentType}\r\n\r\n"
        );
        Assert.StartsWith("HTTP/1.0 200 OK", await connection.ReadHeadAsync(), StringComparison.Ordinal);
        return connection;
    }

    /// <summary>The same stream with other bytes in place of its packets.</summary>
    private static byte[] Spoiled(byte[] ogg)
    {
        var random = new Random(4711);
        var spoiled = (byte[])ogg.Clone();
        var pages = 0;
        for (var at = 0; at < ogg.Length; )
        {
            var body = at + 27 + ogg[at + 26];
            var length = ogg.AsSpan(at + 27, ogg[at + 26]).ToArray().Sum(b => b);
            if (pages++ >= 2)
            {
                random.NextBytes(spoiled.AsSpan(body, length));
                spoiled.AsSpan(at + 22, 4).Clear();
                BitConverter.TryWriteBytes(spoiled.AsSpan(at + 22), OggCrc(spoiled.AsSpan(at, body - at + length)));
            }
            at = body + length;
        }
        return spoiled;
    }

    private static uint OggCrc(ReadOnlySpan<byte> page)
    {
        var crc = 0u;
        foreach (var b in page)
        {
            crc ^= (uint)b << 24;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04c11db7 : crc << 1;
        }
        return crc;
    }
}
