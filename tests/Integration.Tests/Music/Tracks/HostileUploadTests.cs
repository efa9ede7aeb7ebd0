using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Commands.Dispatching;
using Veza.Commands.Music.Tracks;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Events;
using Veza.Media;
using Veza.Media.Waveforms;
using Veza.Reactors.Music.Tracks;
using Veza.Reactors.Running;

namespace Veza.Integration.Tests.Music.Tracks;

/// <summary>
/// An upload's cost is bounded, each account has a share of the processing, and the owner always learns the outcome.
/// </summary>
public sealed class HostileUploadTests(VezaServer server)
{
    private static readonly HttpClient Http = new();
    private static readonly byte[] Sound = Wave.Sine(seconds: 1, sampleRateHz: 8_000);

    [Fact]
    public async Task Fields_are_judged_before_the_file_is_looked_at_wherever_they_stand()
    {
        var owner = await server.RegisterAsync("artist");
        using var before = Wave.Form(
            [.. "no sound"u8],
            ("title", new string('x', 201)),
            ("genre", new string('y', 51))
        );
        using var after = Wave.Form([.. "no sound"u8]);
        after.Add(new StringContent(new string('x', 201)), "title");
        after.Add(new StringContent(new string('y', 51)), "genre");
        foreach (var form in new[] { before, after })
        {
            var problem = await owner
                .SendAsync(HttpMethod.Post, "/api/v1/tracks", form)
                .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
            Assert.Equal(
                ["genre", "title"],
                problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order()
            );
        }
    }

    [Fact]
    public async Task A_flac_of_one_sample_a_second_is_refused_with_the_rates_that_are_taken()
    {
        var owner = await server.RegisterAsync("artist");
        // 18 hours in 42 bytes of header and one frame.
        byte[] flac =
        [
            .. "fLaC"u8,
            0x80,
            0,
            0,
            34,
            0xFF,
            0xFF,
            0xFF,
            0xFF,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0x10,
            0xF0,
            0,
            0,
            0xFF,
            0xFF,
            .. new byte[16],
            0xFF,
            0xF8,
            0x70,
            0x08,
            0x00,
            0xFF,
            0xFE,
            0xF8,
            0x00,
            0x00,
            0x00,
            0x00,
            0x00,
        ];
        using var form = Wave.Form(flac, ("title", "Eternity"));
        var problem = await owner
            .SendAsync(HttpMethod.Post, "/api/v1/tracks", form)
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "sound_out_of_bounds");
        Assert.Equal(
            "The sound has 1 samples a second; 8,000 to 384,000 are taken.",
            problem.GetProperty("detail").GetString()
        );
    }

    [Fact]
    public async Task Details_name_neither_addresses_nor_paths_of_the_server()
    {
        var owner = await server.RegisterAsync("artist");
        // Enough of an MP4 for its demuxer to complain in its own name.
        byte[] broken = [0, 0, 0, 16, .. "ftypM4A "u8, 0, 0, 0, 0, 0, 0, 0, 9, .. "moovx"u8];
        using var form = Wave.Form(broken, ("title", "Broken"));
        var answer = await owner.SendAsync(HttpMethod.Post, "/api/v1/tracks", form);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.InRange((int)answer.StatusCode, 400, 499);
        Assert.DoesNotContain("0x", text, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Home, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_the_quota_is_refused_with_what_is_used_and_leaves_no_file()
    {
        var media = Directory.CreateTempSubdirectory("veza-quota-");
        await using (
            var small = await VezaHost.StartAsync(
                VezaServer.Settings(
                    server.Home,
                    ("ROLES", "api"),
                    ("MEDIA_ROOT", media.FullName),
                    ("MAX_STORAGE_PER_ACCOUNT", "130KB")
                ),
                server.ConnectionString,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        )
        {
            var owner = await server.RegisterAsync("artist");
            // A second of sound is 16,044 bytes, and 40,000 of copies.
            foreach (var status in new[] { HttpStatusCode.Created, HttpStatusCode.Created })
                await UploadAsync(small.Address, owner, status);
            var problem = await UploadAsync(small.Address, owner, HttpStatusCode.RequestEntityTooLarge);
            Assert.Equal("/problems/quota_exceeded", problem.GetProperty("type").GetString());
            Assert.Equal(
                "the upload needs 56,044 bytes with its copies and this account uses 112,088; "
                    + "MAX_STORAGE_PER_ACCOUNT is 133,120",
                problem.GetProperty("detail").GetString()
            );
            Assert.Equal(2, media.EnumerateFiles("*", SearchOption.AllDirectories).Count());
        }
        media.Delete(recursive: true);
    }

    [Fact]
    public async Task Work_that_died_with_its_process_three_times_is_not_begun_again_and_its_owner_learns_why()
    {
        var owner = await server.RegisterAsync("artist");
        var media = (FolderStore)server.Running.App.Services.GetRequiredService<MediaStore>();
        var id = Guid.CreateVersion7();
        Place(media, id);
        // As three killed processes leave it.
        foreach (var count in new[] { 1, 2, 3 })
            Assert.Equal(count, await media.BeginAttemptAsync(id, TestContext.Current.CancellationToken));
        await SayAsync(id, owner.Id);
        var track = await EndedAsync(owner, id);
        Assert.Equal(
            ("failed", "Making the copies was broken off 3 times, as the server ended each time."),
            (track.GetProperty("status").GetString(), track.GetProperty("failure").GetString())
        );
        Assert.False(File.Exists(media.PathOf(id, TrackFile.Opus)));
    }

    [Fact]
    public async Task Work_that_ended_leaves_no_mark_and_its_copies_are_what_the_account_uses()
    {
        var owner = await server.RegisterAsync("artist");
        var media = (FolderStore)server.Running.App.Services.GetRequiredService<MediaStore>();
        var id = Guid.CreateVersion7();
        Place(media, id);
        await media.BeginAttemptAsync(id, TestContext.Current.CancellationToken);
        await SayAsync(id, owner.Id);
        var track = await EndedAsync(owner, id);
        Assert.Equal("ready", track.GetProperty("status").GetString());
        await Eventually.TrueAsync(() =>
            !File.Exists(Path.Combine(Path.GetDirectoryName(media.PathOf(id, TrackFile.Original))!, "attempts"))
        );
        var copies = track
            .GetProperty("renditions")
            .EnumerateArray()
            .Concat(track.GetProperty("waveforms").EnumerateArray())
            .Sum(copy => copy.GetProperty("bytes").GetInt64());
        var storage = (Storage)
            (
                await server.Running.Log.Aggregates.LoadAsync(
                    typeof(Storage),
                    Storage.StreamId(owner.Id),
                    TestContext.Current.CancellationToken
                )
            ).State!;
        Assert.Equal((Sound.Length + copies, 0), (storage.UsedBytes, storage.Processing.Count));
    }

    [Fact]
    public async Task A_track_of_before_the_bounds_that_lasts_longer_than_a_timer_can_hold_fails_with_its_reason()
    {
        var owner = await server.RegisterAsync("artist");
        var id = Guid.CreateVersion7();
        Place((FolderStore)server.Running.App.Services.GetRequiredService<MediaStore>(), id);
        await SayAsync(
            id,
            owner.Id,
            durationMs: (long)TimeSpan.FromDays(60).TotalMilliseconds,
            storageBytesMax: long.MaxValue
        );
        var track = await EndedAsync(owner, id);
        Assert.Equal(
            ("failed", "The sound lasts 5,184,000 s; copies of at most 43,200 s are made."),
            (track.GetProperty("status").GetString(), track.GetProperty("failure").GetString())
        );
    }

    [Fact]
    public async Task Work_that_a_reactor_gives_up_fails_and_its_owner_learns_why()
    {
        var owner = await server.RegisterAsync("artist");
        var services = server.Running.App.Services;
        var id = Guid.CreateVersion7();
        // Its file does not exist; the server retries for minutes.
        await SayAsync(id, owner.Id);
        var process = new ProcessTrack(
            services.GetRequiredService<MediaStore>(),
            services.GetRequiredService<Transcoder>(),
            services.GetRequiredService<WaveformMaker>(),
            services.GetRequiredService<ProcessingSlots>(),
            server.Running.Log,
            services.GetRequiredService<CommandBus>()
        );
        var uploaded = (
            await server.Running.Log.Reader.ReadStreamAsync(id, 0, TestContext.Current.CancellationToken).ToListAsync()
        )[0];
        var last = new AppendedEvent<TrackUploaded>(
            uploaded,
            (TrackUploaded)uploaded.Data!,
            "music.process_track.v1",
            IsLastAttempt: true
        );
        await Assert.ThrowsAsync<FileNotFoundException>(() =>
            process.HandleAsync(new(uploaded.Position), last, TestContext.Current.CancellationToken)
        );
        var track = await EndedAsync(owner, id);
        Assert.Equal(
            (
                "failed",
                "The track could not be processed on the server: its file could not be read or written. "
                    + "Upload it again."
            ),
            (track.GetProperty("status").GetString(), track.GetProperty("failure").GetString())
        );
    }

    [Fact]
    public async Task An_account_that_has_its_share_of_looks_waiting_is_refused_and_others_are_not()
    {
        var (greedy, other) = (await server.RegisterAsync("greedy"), await server.RegisterAsync("other"));
        var looks = server.Running.App.Services.GetRequiredService<Veza.Api.Music.Tracks.TrackUploads>().Probes;
        using var cancelled = new CancellationTokenSource();
        var held = new List<IDisposable?>();
        for (var i = 0; i < looks.Limits.SlotsPerCaller; i++)
            held.Add(await looks.TryEnterAsync(greedy.Id, TestContext.Current.CancellationToken));
        var waiting = Enumerable
            .Range(0, looks.Limits.WaitingPerCaller)
            .Select(_ => looks.TryEnterAsync(greedy.Id, cancelled.Token).AsTask())
            .ToArray();

        var refused = await UploadAsync(server.Address, greedy, HttpStatusCode.TooManyRequests);
        Assert.Equal("/problems/too_many_uploads", refused.GetProperty("type").GetString());
        await UploadAsync(server.Address, other, HttpStatusCode.Created);

        await cancelled.CancelAsync();
        foreach (var one in waiting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        foreach (var slot in held)
            slot!.Dispose();
        await UploadAsync(server.Address, greedy, HttpStatusCode.Created);
    }

    [Fact]
    public async Task One_accounts_processing_does_not_hold_up_anothers()
    {
        var (busy, other) = (await server.RegisterAsync("busy"), await server.RegisterAsync("other"));
        var slots = server.Running.App.Services.GetRequiredService<ProcessingSlots>().Fair;
        Assert.InRange(slots.Limits.SlotsPerCaller, 1, slots.Limits.Slots / 2);
        var held = new List<IDisposable?>();
        for (var i = 0; i < slots.Limits.SlotsPerCaller; i++)
            held.Add(await slots.TryEnterAsync(busy.Id, TestContext.Current.CancellationToken));

        var first = (await UploadAsync(server.Address, busy, HttpStatusCode.Created)).Id();
        var second = (await UploadAsync(server.Address, other, HttpStatusCode.Created)).Id();
        Assert.Equal("ready", (await EndedAsync(other, second)).GetProperty("status").GetString());
        Assert.Equal(
            "processing",
            (await other.GetAsync($"/api/v1/tracks/{first}").JsonAsync()).GetProperty("status").GetString()
        );

        foreach (var slot in held)
            slot!.Dispose();
        Assert.Equal("ready", (await EndedAsync(busy, first)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_sound_of_an_erased_account_is_not_there_and_that_is_not_the_disks_fault()
    {
        var (owner, listener) = (await server.RegisterAsync("leaver"), await server.RegisterAsync("listener"));
        using var form = Wave.Form(Sound, ("title", "Farewell"));
        var id = (
            await owner.SendAsync(HttpMethod.Post, "/api/v1/tracks", form).JsonAsync(HttpStatusCode.Created)
        ).Id();
        await EndedAsync(owner, id);
        await listener.GetAsync($"/api/v1/tracks/{id}/waveform").JsonAsync();
        await owner
            .SendAsync(
                HttpMethod.Delete,
                "/api/v1/accounts/me",
                JsonContent.Create(new { password = "correct horse battery" })
            )
            .JsonAsync();
        listener.SeeWhat(owner);
        var media = (FolderStore)server.Running.App.Services.GetRequiredService<MediaStore>();
        await listener.GetAsync($"/api/v1/tracks/{id}/audio").RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
        await Eventually.TrueAsync(() => !File.Exists(media.PathOf(id, TrackFile.Original)));
        foreach (var format in new[] { "original", "opus", "mp3" })
            await listener
                .GetAsync($"/api/v1/tracks/{id}/audio?format={format}")
                .RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
        await listener.GetAsync($"/api/v1/tracks/{id}/waveform").RefusedAsync(HttpStatusCode.NotFound, "track_unknown");
        Assert.False(File.Exists(media.PathOf(id, TrackFile.WaveformOverview)));
        Assert.False(File.Exists(media.PathOf(id, TrackFile.WaveformFine)));
    }

    private static void Place(FolderStore media, Guid id)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(media.PathOf(id, TrackFile.Original))!);
        File.WriteAllBytes(media.PathOf(id, TrackFile.Original), Sound);
    }

    private async Task SayAsync(
        Guid id,
        Guid owner,
        long durationMs = 1_000,
        long storageBytesMax = Storage.BytesMaxDefault
    )
    {
        var upload = new UploadTrack(
            id,
            owner,
            "Placed",
            null,
            null,
            Sound.Length,
            new string('0', 64),
            durationMs,
            "pcm_s16le",
            8_000,
            1,
            "wav",
            storageBytesMax
        );
        var bus = server.Running.App.Services.GetRequiredService<CommandBus>();
        Assert.IsType<CommandResult.Done>(
            await bus.SendAsync(upload, new(Guid.CreateVersion7(), owner), null, CancellationToken.None)
        );
    }

    private static async Task<JsonElement> UploadAsync(string address, Person owner, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address}/api/v1/tracks")
        {
            Content = Wave.Form(Sound, ("title", "Song")),
        };
        request.Headers.Authorization = new("Bearer", owner.AccessToken);
        using var response = await Http.SendAsync(request);
        return await response.JsonAsync(status);
    }

    /// <summary>Waits for the next event of the track, which ends its processing.</summary>
    private async Task<JsonElement> EndedAsync(Person reader, Guid track)
    {
        var log = server.Running.Log;
        List<RecordedEvent> stream;
        while (
            (
                stream = await log.Reader.ReadStreamAsync(track, 1, TestContext.Current.CancellationToken).ToListAsync()
            ).Count == 0
        )
            await log.Tail.WaitAsync(log.Head, TestContext.Current.CancellationToken);
        reader.SeeUpTo(stream[0].Position);
        return await reader.GetAsync($"/api/v1/tracks/{track}").JsonAsync();
    }
}
