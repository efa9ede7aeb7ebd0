using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.EventStore.Events;
using Veza.Media;

namespace Veza.Integration.Tests.Music.Tracks;

public class TrackEndpointsTests(VezaEndpoints veza, VezaServer server) : IClassFixture<VezaEndpoints>
{
    private static readonly byte[] Sound = Wave.Sine(seconds: 2, sampleRateHz: 44_100);

    [Fact]
    public async Task An_upload_is_answered_with_what_was_found_and_becomes_ready_with_its_copies()
    {
        var owner = await server.SharedAsync("artist");
        var answer = await UploadAsync(
            owner,
            ("title", "Nightbus"),
            ("genre", "Ambient"),
            ("description", "Recorded on line 7.\nTwice.")
        );
        Assert.Equal(
            (2_000, "pcm_s16le", 1),
            (
                answer.GetProperty("durationMs").GetInt64(),
                answer.GetProperty("codec").GetString(),
                answer.GetProperty("version").GetInt64()
            )
        );

        var track = await ReadyAsync(owner, answer.Id());
        Assert.Equal(
            ("ready", JsonValueKind.Null, "Nightbus", "Ambient", "Recorded on line 7.\nTwice."),
            (
                track.GetProperty("status").GetString(),
                track.GetProperty("failure").ValueKind,
                track.GetProperty("title").GetString(),
                track.GetProperty("genre").GetString(),
                track.GetProperty("description").GetString()
            )
        );
        Assert.Equal(
            (2_000, 44_100, 1),
            (
                track.GetProperty("durationMs").GetInt64(),
                track.GetProperty("sampleRateHz").GetInt32(),
                track.GetProperty("channels").GetInt32()
            )
        );
        Assert.Equal(
            (owner.Id, owner.UserName),
            (track.GetProperty("owner").Id(), track.GetProperty("owner").GetProperty("userName").GetString())
        );
        // The event about the account's storage follows the track's own, and the answer has the position of the last.
        var uploaded = (
            await server
                .Running.Log.Reader.ReadStreamAsync(answer.Id(), 0, TestContext.Current.CancellationToken)
                .ToListAsync()
        )[0];
        Assert.Equal(
            (uploaded.Position, uploaded.Position + 1),
            (track.GetProperty("position").GetInt64(), answer.GetProperty("position").GetInt64())
        );
        Assert.All(["plays", "likes", "reposts", "comments"], count =>
            Assert.Equal(0, track.GetProperty(count).GetInt64())
        );
        Assert.Equal(
            ["opus 128", "mp3 192"],
            track
                .GetProperty("renditions")
                .EnumerateArray()
                .Select(r => $"{r.GetProperty("format").GetString()} {r.GetProperty("bitrateKbps").GetInt32()}")
        );

        foreach (var rendition in track.GetProperty("renditions").EnumerateArray())
        {
            var format = rendition.GetProperty("format").GetString();
            var copy = await owner.GetAsync($"/api/v1/tracks/{answer.Id()}/audio?format={format}");
            Assert.Equal(
                format == "opus" ? "audio/ogg; codecs=opus" : "audio/mpeg",
                copy.Content.Headers.ContentType!.ToString()
            );
            var bytes = await copy.Content.ReadAsByteArrayAsync();
            Assert.Equal(rendition.GetProperty("bytes").GetInt64(), bytes.Length);
            Assert.True(bytes.AsSpan().StartsWith(format == "opus" ? "OggS"u8 : "ID3"u8));
        }
    }

    [Fact]
    public async Task The_original_is_served_byte_for_byte_in_ranges_and_by_its_tag()
    {
        var owner = await server.SharedAsync("artist");
        var audio = $"/api/v1/tracks/{(await UploadAsync(owner, ("title", "Third Rail"))).Id()}/audio";

        var whole = await owner.GetAsync(audio);
        Assert.Equal(
            (HttpStatusCode.OK, "audio/wav", "bytes"),
            (whole.StatusCode, whole.Content.Headers.ContentType!.ToString(), whole.Headers.AcceptRanges.Single())
        );
        Assert.Equal(Sound, await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(Sound))}-original\"", whole.Headers.ETag!.Tag);
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());

        foreach (
            var (asked, from, to) in new[]
            {
                ("bytes=0-0", 0, 1),
                ("bytes=1000-4999", 1000, 5000),
                ("bytes=-100", Sound.Length - 100, Sound.Length),
                ("bytes=9-", 9, Sound.Length),
            }
        )
        {
            var part = await owner.GetAsync(audio, ("Range", asked));
            Assert.Equal(
                (HttpStatusCode.PartialContent, $"bytes {from}-{to - 1}/{Sound.Length}"),
                (part.StatusCode, part.Content.Headers.ContentRange!.ToString())
            );
            Assert.Equal(Sound[from..to], await part.Content.ReadAsByteArrayAsync());
        }
        Assert.Equal(
            HttpStatusCode.RequestedRangeNotSatisfiable,
            (await owner.GetAsync(audio, ("Range", $"bytes={Sound.Length}-"))).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.NotModified,
            (await owner.GetAsync(audio, ("If-None-Match", whole.Headers.ETag.Tag))).StatusCode
        );
    }

    [Fact]
    public async Task A_copy_that_is_not_made_a_format_that_there_is_not_and_a_track_that_is_not_there_are_refused()
    {
        var owner = await veza.SharedAsync("artist");
        var failed = await FailedAsync(owner);
        await owner
            .GetAsync($"/api/v1/tracks/{failed}/audio?format=opus")
            .RefusedAsync(HttpStatusCode.NotFound, "rendition_unknown");
        var problem = await owner
            .GetAsync($"/api/v1/tracks/{failed}/audio?format=wma")
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal("format is \"wma\"; original, opus and mp3 are served", problem.GetProperty("detail").GetString());

        var nowhere = $"/api/v1/tracks/{Guid.CreateVersion7()}";
        await owner.GetAsync(nowhere).RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
        await owner.GetAsync($"{nowhere}/audio").RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
        await owner.GetAsync($"{nowhere}/comments").RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
        await owner.PutAsync($"{nowhere}/likes/me").RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
    }

    [Fact]
    public async Task The_waveform_is_served_as_json_and_as_a_file_at_two_levels()
    {
        var owner = await server.SharedAsync("artist");
        var id = (await UploadAsync(owner, ("title", "Contours"))).Id();
        var track = await ReadyAsync(owner, id);
        var waveform = $"/api/v1/tracks/{id}/waveform";
        var listed = track.GetProperty("waveforms").EnumerateArray().ToArray();
        Assert.Equal(["fine", "overview"], listed.Select(w => w.GetProperty("level").GetString()));
        foreach (var made in listed)
        {
            var url = $"{waveform}?level={made.GetProperty("level").GetString()}";
            var json = await owner.GetAsync(url).JsonAsync();
            Assert.Equal(
                (2, 1, 44_100, 8),
                (
                    json.GetProperty("version").GetInt32(),
                    json.GetProperty("channels").GetInt32(),
                    json.GetProperty("sample_rate").GetInt32(),
                    json.GetProperty("bits").GetInt32()
                )
            );
            Assert.Equal(
                (made.GetProperty("samplesPerPoint").GetInt32(), made.GetProperty("points").GetInt32()),
                (json.GetProperty("samples_per_pixel").GetInt32(), json.GetProperty("length").GetInt32())
            );
            var data = json.GetProperty("data").EnumerateArray().Select(n => n.GetInt32()).ToArray();
            Assert.Equal(made.GetProperty("points").GetInt32() * 2, data.Length);
            Assert.Equal((-46, 46), (data.Min(), data.Max()));

            var dat = await owner.GetAsync(url, ("Accept", "application/octet-stream, application/json;q=0.5"));
            Assert.Equal("application/octet-stream", dat.Content.Headers.ContentType!.ToString());
            var bytes = await dat.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            Assert.Equal(made.GetProperty("bytes").GetInt64(), bytes.Length);
            Assert.Equal(data.Select(n => (byte)n), bytes[24..]);
        }
        Assert.Equal(
            (await owner.GetAsync($"{waveform}?level=overview").JsonAsync()).GetRawText(),
            (await owner.GetAsync(waveform).JsonAsync()).GetRawText()
        );
    }

    [Fact]
    public async Task A_waveform_is_cached_for_ever_in_each_form()
    {
        var owner = await server.SharedAsync("artist");
        var id = (await UploadAsync(owner, ("title", "Contours"))).Id();
        await ReadyAsync(owner, id);
        var tags = new HashSet<string>();
        foreach (var accept in (string[])["application/json", "application/octet-stream"])
        {
            var url = $"/api/v1/tracks/{id}/waveform";
            var first = await owner.GetAsync(url, ("Accept", accept));
            Assert.Equal(
                ("max-age=31536000, private, immutable", "Accept"),
                (first.Headers.CacheControl!.ToString(), first.Headers.Vary.Single())
            );
            Assert.True(tags.Add(first.Headers.ETag!.Tag));
            var again = await owner.GetAsync(url, ("Accept", accept), ("If-None-Match", first.Headers.ETag.Tag));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        }
    }

    [Fact]
    public async Task A_waveform_that_is_not_there_and_a_level_that_there_is_not_are_refused()
    {
        var owner = await veza.SharedAsync("artist");
        var failed = $"/api/v1/tracks/{await FailedAsync(owner)}";
        await owner.GetAsync($"{failed}/waveform").RefusedAsync(HttpStatusCode.NotFound, "waveform_unknown");
        Assert.Empty((await owner.GetAsync(failed).JsonAsync()).GetProperty("waveforms").EnumerateArray());
        var problem = await owner
            .GetAsync($"{failed}/waveform?level=huge")
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal("level is \"huge\"; overview and fine are served", problem.GetProperty("detail").GetString());
        await owner
            .GetAsync($"/api/v1/tracks/{Guid.CreateVersion7()}/waveform")
            .RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
    }

    [Fact]
    public async Task A_track_whose_copies_cannot_be_made_says_why()
    {
        var owner = await veza.SharedAsync("artist");
        var track = await owner.GetAsync($"/api/v1/tracks/{await FailedAsync(owner)}").JsonAsync();
        Assert.Equal("failed", track.GetProperty("status").GetString());
        Assert.StartsWith("Making the Opus copy failed", track.GetProperty("failure").GetString());
        Assert.Empty(track.GetProperty("renditions").EnumerateArray());
    }

    [Fact]
    public async Task A_copy_that_was_made_before_a_restart_is_not_made_again()
    {
        var owner = await veza.SharedAsync("artist");
        var id = await PlaceAsync(owner, Sound, opus: [.. "OggS made before"u8]);
        var track = await ReadyAsync(owner, id);
        Assert.Equal("ready", track.GetProperty("status").GetString());
        Assert.Equal(
            "OggS made before",
            await (await owner.GetAsync($"/api/v1/tracks/{id}/audio?format=opus")).Content.ReadAsStringAsync()
        );
        Assert.True(track.GetProperty("renditions")[1].GetProperty("bytes").GetInt64() > 1_000);
    }

    [Fact]
    public async Task Likes_reposts_and_comments_are_counted_and_comments_are_read_back()
    {
        var (owner, listener) = (await veza.SharedAsync("artist"), await veza.RegisterAsync("listener"));
        var track = $"/api/v1/tracks/{await PlaceAsync(owner, Sound)}";
        listener.SeeUpTo(veza.Running.Log.Head);
        await listener.PutAsync($"{track}/likes/me").JsonAsync();
        await listener.PutAsync($"{track}/likes/me").JsonAsync();
        await listener.PutAsync($"{track}/reposts/me").JsonAsync();
        var texts = new[] { "this drop!", "Καλημέρα", "end" };
        foreach (var (text, i) in texts.Select((t, i) => (t, i)))
            await listener
                .PostAsync($"{track}/comments", new { text, atMs = i * 1_000 })
                .JsonAsync(HttpStatusCode.Created);
        Assert.Equal((1, 1, 3), await CountsAsync());

        var first = await listener.GetAsync($"{track}/comments?limit=2").JsonAsync();
        var second = await listener.GetAsync(first.GetProperty("next").GetString()!).JsonAsync();
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
        var comments = first.Items().Concat(second.Items()).ToArray();
        Assert.Equal(texts, comments.Select(c => c.GetProperty("text").GetString()));
        Assert.Equal([0, 1_000, 2_000], comments.Select(c => c.GetProperty("atMs").GetInt64()));
        Assert.All(comments, c =>
            Assert.Equal(
                (listener.Id, listener.UserName),
                (c.GetProperty("author").Id(), c.GetProperty("author").GetProperty("userName").GetString())
            )
        );

        await listener.DeleteAsync($"{track}/likes/me").JsonAsync();
        await listener.DeleteAsync($"{track}/reposts/me").JsonAsync();
        Assert.Equal((0, 0, 3), await CountsAsync());

        var outside = await listener
            .PostAsync($"{track}/comments", new { text = "too late", atMs = 2_001 })
            .RefusedAsync(HttpStatusCode.BadRequest, "outside_track");
        Assert.Equal(
            "atMs is 2,001; the track has the moments from 0 to 2,000 ms",
            outside.GetProperty("detail").GetString()
        );
        await listener
            .PostAsync($"{track}/comments", new { text = new string('x', 2_001), atMs = 0 })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");

        async Task<(long, long, long)> CountsAsync()
        {
            var now = await listener.GetAsync(track).JsonAsync();
            return (
                now.GetProperty("likes").GetInt64(),
                now.GetProperty("reposts").GetInt64(),
                now.GetProperty("comments").GetInt64()
            );
        }
    }

    [Fact]
    public async Task Uploading_and_listening_need_a_sign_in()
    {
        using var form = Wave.Form(Sound, ("title", "Unsigned"));
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await server.Anonymous.SendAsync(HttpMethod.Post, "/api/v1/tracks", form)).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await server.Anonymous.GetAsync($"/api/v1/tracks/{Guid.CreateVersion7()}/audio")).StatusCode
        );
    }

    private static async Task<JsonElement> UploadAsync(Person by, params (string Name, string Value)[] fields)
    {
        using var form = Wave.Form(Sound, fields);
        return await by.SendAsync(HttpMethod.Post, "/api/v1/tracks", form).JsonAsync(HttpStatusCode.Created);
    }

    /// <summary>A track whose original is not audio, put into the store past the upload's checks.</summary>
    private async Task<Guid> FailedAsync(Person owner)
    {
        var id = await PlaceAsync(owner, [.. "a shopping list"u8]);
        await ReadyAsync(owner, id);
        return id;
    }

    /// <summary>A track whose files are put in their places by hand.</summary>
    private async Task<Guid> PlaceAsync(Person owner, byte[] original, byte[]? opus = null)
    {
        var (id, services) = (Guid.CreateVersion7(), veza.Running.App.Services);
        var media = (FolderStore)services.GetRequiredService<MediaStore>();
        Directory.CreateDirectory(Path.GetDirectoryName(media.PathOf(id, TrackFile.Original))!);
        await File.WriteAllBytesAsync(media.PathOf(id, TrackFile.Original), original);
        if (opus is not null)
            await File.WriteAllBytesAsync(media.PathOf(id, TrackFile.Opus), opus);
        var upload = new UploadTrack(
            id,
            owner.Id,
            "Placed",
            null,
            null,
            original.Length,
            new string('0', 64),
            2_000,
            "pcm_s16le",
            44_100,
            1,
            "wav"
        );
        Assert.IsType<CommandResult.Done>(
            await services
                .GetRequiredService<CommandBus>()
                .SendAsync(upload, new(Guid.CreateVersion7(), owner.Id), null, CancellationToken.None)
        );
        return id;
    }

    /// <summary>Waits for the next event of the track, which ends its processing.</summary>
    private async Task<JsonElement> ReadyAsync(Person reader, Guid track)
    {
        var log = veza.Running.Log;
        List<RecordedEvent> stream;
        while (
            (
                stream = await log.Reader.ReadStreamAsync(track, 1, TestContext.Current.CancellationToken).ToListAsync()
            ).Count == 0
        )
            await log.Tail.WaitAsync(log.Head, TestContext.Current.CancellationToken);
        return await reader
            .GetAsync(
                $"/api/v1/tracks/{track}",
                ("Veza-After", stream[0].Position.ToString(System.Globalization.CultureInfo.InvariantCulture))
            )
            .JsonAsync();
    }
}
