using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.DependencyInjection;
using Veza.Media;

namespace Veza.Integration.Tests.Music.Tracks;

/// <summary>A server that stores its audio in a bucket.</summary>
public sealed class BucketVeza : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("veza-bucket-").FullName;
    private S3Server _s3 = null!;

    internal VezaServer Veza { get; private set; } = null!;
    internal AmazonS3Client Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _s3 = await S3Server.StartAsync(_folder);
        Client = new(
            new BasicAWSCredentials(S3Server.AccessKey, S3Server.SecretKey),
            new AmazonS3Config { ServiceURL = _s3.Address, ForcePathStyle = true }
        );
        Veza = new()
        {
            More =
            [
                ("S3_ENDPOINT", _s3.Address),
                ("S3_BUCKET", S3Server.Bucket),
                ("S3_ACCESS_KEY", S3Server.AccessKey),
                ("S3_SECRET_KEY", S3Server.SecretKey),
            ],
        };
        await Veza.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Veza is not null)
            await Veza.DisposeAsync();
        Client?.Dispose();
        if (_s3 is not null)
            await _s3.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    internal ValueTask StopStorageAsync() => _s3.DisposeAsync();

    internal async Task StartStorageAsync() => _s3 = await S3Server.StartAsync(_folder, _s3.Port);
}

public sealed class BucketTests(BucketVeza bucket) : IClassFixture<BucketVeza>
{
    /// <summary>More than one window of it.</summary>
    private static readonly byte[] Sound = Wave.Sine(seconds: 60, sampleRateHz: 44_100);

    private static readonly byte[] Short = Wave.Sine(seconds: 1, sampleRateHz: 8_000);

    private string[] LocalFiles =>
        Directory.GetFiles(Path.Combine(bucket.Veza.Home, "media"), "*", SearchOption.AllDirectories);

    [Fact]
    public async Task A_track_is_kept_processed_and_served_from_the_bucket_and_nothing_of_it_stays_on_the_node()
    {
        var owner = await bucket.Veza.RegisterAsync("artist");
        var id = await UploadAsync(owner, Sound);
        await ReadyAsync(owner, id);
        string[] kept = ["mp3", "opus", "original", "waveform-fine", "waveform-overview"];
        Assert.Equal(kept.Select(name => $"tracks/{id:N}/{name}"), await KeysAsync(id));
        Assert.Empty(LocalFiles);

        var audio = $"/api/v1/tracks/{id}/audio";
        using var whole = await owner.GetAsync(audio);
        Assert.Equal(Sound, await whole.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal("audio/wav", whole.Content.Headers.ContentType!.MediaType);
        using var copy = await owner.GetAsync($"{audio}?format=opus");
        Assert.Equal(
            "OggS"u8.ToArray(),
            (await copy.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken))[..4]
        );

        using var waveform = await owner.GetAsync(
            $"/api/v1/tracks/{id}/waveform",
            ("Accept", "application/octet-stream")
        );
        Assert.Equal(2, (await waveform.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken))[0]);

        using var head = await owner.SendAsync(HttpMethod.Head, audio, null);
        Assert.Equal((HttpStatusCode.OK, Sound.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        var tag = head.Headers.ETag!.Tag;
        Assert.Equal(HttpStatusCode.NotModified, (await owner.GetAsync(audio, ("If-None-Match", tag))).StatusCode);
        foreach (
            var (range, from, to) in new[]
            {
                ("bytes=100-199", 100, 200),
                ("bytes=-50", Sound.Length - 50, Sound.Length),
                ("bytes=0-0", 0, 1),
                ($"bytes={(4 << 20) - 10}-{(4 << 20) + 9}", (4 << 20) - 10, (4 << 20) + 10),
            }
        )
        {
            using var part = await owner.GetAsync(audio, ("Range", range), ("If-Range", tag));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(new ContentRangeHeaderValue(from, to - 1, Sound.Length), part.Content.Headers.ContentRange);
            Assert.Equal(
                Sound[from..to],
                await part.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)
            );
        }
        Assert.Equal(
            HttpStatusCode.RequestedRangeNotSatisfiable,
            (await owner.GetAsync(audio, ("Range", "bytes=999999999-"))).StatusCode
        );
    }

    [Fact]
    public async Task An_upload_that_is_refused_leaves_no_object()
    {
        var owner = await bucket.Veza.RegisterAsync("artist");
        var id = await UploadAsync(owner, Short, ("Idempotency-Key", "once"));
        await ReadyAsync(owner, id);
        var before = await KeysAsync();
        // The same form under another title. The key is known to be used only once the sound is stored.
        using var form = Wave.Form(Short, ("title", "Another"));
        await owner
            .SendAsync(HttpMethod.Post, "/api/v1/tracks", form, ("Idempotency-Key", "once"))
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        Assert.Equal(before.Where(k => k.Contains($"{id:N}", StringComparison.Ordinal)), await KeysAsync(id));
        Assert.Empty(LocalFiles);
    }

    [Fact]
    public async Task Erasing_an_account_removes_its_objects_and_no_others()
    {
        var (leaver, stayer) = (await bucket.Veza.RegisterAsync("leaver"), await bucket.Veza.RegisterAsync("stayer"));
        var (gone, stays) = (await UploadAsync(leaver, Short), await UploadAsync(stayer, Short));
        await ReadyAsync(leaver, gone);
        await ReadyAsync(stayer, stays);
        await leaver.EraseAsync().JsonAsync();
        Assert.Equal([$"erased/{leaver.Id:N}"], await KeysAsync("erased/"));
        var media = bucket.Veza.Running.App.Services.GetRequiredService<MediaStore>();
        await foreach (var recorded in media.ErasuresAsync(TestContext.Current.CancellationToken))
            Assert.Equal(leaver.Id, recorded);
        await Eventually.TrueAsync(
            async () => (await KeysAsync(gone)).Length == 0,
            what: "the erased account's objects are removed"
        );
        Assert.Equal(5, (await KeysAsync(stays)).Length);
    }

    [Fact]
    public async Task While_the_storage_is_away_uploads_and_sound_are_refused_and_everything_else_goes_on()
    {
        var owner = await bucket.Veza.RegisterAsync("artist");
        var id = await UploadAsync(owner, Short);
        await ReadyAsync(owner, id);
        await Eventually.TrueAsync(async () => await HealthAsync() == "healthy", what: "the storage is healthy");

        await bucket.StopStorageAsync();
        await owner
            .GetAsync($"/api/v1/tracks/{id}/audio")
            .RefusedAsync(HttpStatusCode.ServiceUnavailable, "storage_unavailable");
        using (var form = Wave.Form(Short, ("title", "Nowhere")))
            await owner
                .SendAsync(HttpMethod.Post, "/api/v1/tracks", form)
                .RefusedAsync(HttpStatusCode.ServiceUnavailable, "storage_unavailable");
        Assert.Empty(LocalFiles);
        Assert.Equal(
            "ready",
            (await owner.GetAsync($"/api/v1/tracks/{id}").JsonAsync()).GetProperty("status").GetString()
        );
        await Eventually.TrueAsync(async () => await HealthAsync() == "degraded", what: "the storage is degraded");

        await bucket.StartStorageAsync();
        await Eventually.TrueAsync(async () => await HealthAsync() == "healthy", what: "the storage is healthy again");
        using var sound = await owner.GetAsync($"/api/v1/tracks/{id}/audio");
        Assert.Equal(Short, await sound.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        await ReadyAsync(owner, await UploadAsync(owner, Short));
    }

    [Fact]
    public async Task Attempts_are_counted_in_the_bucket_for_all_nodes_until_one_ends()
    {
        var ct = TestContext.Current.CancellationToken;
        var media = bucket.Veza.Running.App.Services.GetRequiredService<MediaStore>();
        var track = Guid.CreateVersion7();
        Assert.Equal(1, await media.BeginAttemptAsync(track, ct));
        Assert.Equal(2, await media.BeginAttemptAsync(track, ct));
        await media.EndAttemptAsync(track, ct);
        await media.EndAttemptAsync(track, ct);
        Assert.Equal(1, await media.BeginAttemptAsync(track, ct));
        await media.DeleteAsync(track, ct);
        Assert.Empty(await KeysAsync(track));
        Assert.Null(await media.BytesAsync(track, TrackFile.Original, ct));
        await Assert.ThrowsAsync<MediaStorageException>(() => media.OpenAsync(track, TrackFile.Original, ct));
        await Assert.ThrowsAsync<MediaStorageException>(() => media.TakeOriginalAsync(track, ct));
    }

    [Fact]
    public async Task An_access_key_that_the_storage_does_not_know_is_a_fault_that_shows_no_secret()
    {
        var address = new BucketAddress(
            new(bucket.Client.Config.ServiceURL),
            S3Server.Bucket,
            "us-east-1",
            "another",
            "hidden",
            ForcePathStyle: true
        );
        using var media = new BucketStore(
            address,
            Path.Combine(bucket.Veza.Home, "other"),
            uploadBytesMax: 1000,
            TimeProvider.System
        );
        var fault = await Assert.ThrowsAsync<MediaStorageException>(() =>
            media.CheckAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)
        );
        Assert.DoesNotContain("hidden", fault.ToString(), StringComparison.Ordinal);
    }

    private static async Task<Guid> UploadAsync(Person by, byte[] sound, params (string Name, string Value)[] headers)
    {
        using var form = Wave.Form(sound, ("title", "Nightbus"));
        return (
            await by.SendAsync(HttpMethod.Post, "/api/v1/tracks", form, headers).JsonAsync(HttpStatusCode.Created)
        ).Id();
    }

    private static async Task ReadyAsync(Person by, Guid track)
    {
        JsonElement seen = default;
        await Eventually.TrueAsync(
            async () =>
                (seen = await by.GetAsync($"/api/v1/tracks/{track}").JsonAsync()).GetProperty("status").GetString()
                != "processing",
            TimeSpan.FromMinutes(3),
            "the track is processed"
        );
        Assert.True(seen.GetProperty("status").GetString() == "ready", seen.ToString());
    }

    private Task<string[]> KeysAsync(Guid track) => KeysAsync($"tracks/{track:N}/");

    private async Task<string[]> KeysAsync(string prefix = "")
    {
        var found = await bucket.Client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = S3Server.Bucket, Prefix = prefix },
            TestContext.Current.CancellationToken
        );
        return [.. (found.S3Objects ?? []).Select(o => o.Key).Order(StringComparer.Ordinal)];
    }

    /// <returns>The storage's part of the readiness report; the server is ready all the same.</returns>
    private async Task<string?> HealthAsync()
    {
        var ready = await bucket.Veza.Anonymous.GetAsync("/health/ready").JsonAsync();
        return ready.GetProperty("checks").GetProperty("media_storage").GetProperty("status").GetString();
    }
}
