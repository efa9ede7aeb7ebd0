using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;

namespace Veza.Integration.Tests.Music.Tracks;

/// <summary>
/// A second node on the same log. It takes small uploads only, into its own media folder, and processes none.
/// </summary>
/// <remarks>
/// The server of the other tests gets these tracks' events too and does not find their files; it retries until it ends.
/// </remarks>
public sealed class SmallVeza(VezaServer server) : IAsyncLifetime
{
    private RunningVeza _running = null!;

    public string MediaRoot { get; } = Directory.CreateTempSubdirectory("veza-uploads-").FullName;
    public string Address => _running.Address;

    public async ValueTask InitializeAsync() =>
        _running = await VezaHost.StartAsync(
            VezaServer.Settings(server.Home, ("ROLES", "api"), ("MEDIA_ROOT", MediaRoot), ("MAX_UPLOAD_SIZE", "100KB")),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        Directory.Delete(MediaRoot, recursive: true);
    }
}

public sealed class TrackUploadTests(VezaServer server, SmallVeza small) : IClassFixture<SmallVeza>
{
    private static readonly HttpClient Http = new();
    private static readonly byte[] Sound = Wave.Sine(seconds: 2, sampleRateHz: 8_000);

    private string[] Files => [.. Directory.EnumerateFiles(small.MediaRoot, "*", SearchOption.AllDirectories).Order()];

    [Fact]
    public Task A_text_with_the_name_of_a_sound_is_refused() =>
        RefusedAsync(
            Wave.Form(
                Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a shopping list\n", 200))),
                ("title", "Song")
            ),
            HttpStatusCode.UnsupportedMediaType,
            "not_audio"
        );

    [Fact]
    public Task A_sound_that_is_cut_off_is_refused() =>
        RefusedAsync(
            Wave.Form(Sound[..^8_000], ("title", "Half")),
            HttpStatusCode.UnprocessableEntity,
            "truncated_audio"
        );

    [Fact]
    public async Task A_missing_field_is_named()
    {
        Assert.Equal(["title"], Fields(await RefusedAsync(Wave.Form(Sound), HttpStatusCode.BadRequest, "invalid")));
        Assert.Equal(
            ["file"],
            Fields(await RefusedAsync(Wave.Form(null, ("title", "Silence")), HttpStatusCode.BadRequest, "invalid"))
        );
        Assert.Equal(
            ["file", "title"],
            Fields(await RefusedAsync(Wave.Form(null, ("genre", "none")), HttpStatusCode.BadRequest, "invalid")).Order()
        );
    }

    [Fact]
    public async Task A_field_given_twice_unknown_or_out_of_bounds_is_named()
    {
        Assert.Equal(
            ["title"],
            Fields(
                await RefusedAsync(
                    Wave.Form(Sound, ("title", "One"), ("title", "Two")),
                    HttpStatusCode.BadRequest,
                    "invalid"
                )
            )
        );
        Assert.Equal(
            ["genre"],
            Fields(
                await RefusedAsync(
                    Wave.Form(Sound, ("title", "One"), ("genre", new string('x', 51))),
                    HttpStatusCode.BadRequest,
                    "invalid"
                )
            )
        );
        Assert.Equal(
            ["description"],
            Fields(
                await RefusedAsync(
                    Wave.Form(Sound, ("title", "One"), ("description", new string('x', 17_000))),
                    HttpStatusCode.BadRequest,
                    "invalid"
                )
            )
        );
        var unknown = await RefusedAsync(
            Wave.Form(Sound, ("title", "One"), ("artwork", "a cat")),
            HttpStatusCode.BadRequest,
            "invalid"
        );
        Assert.Equal(
            "there is no field \"artwork\"; title, genre, description and file are accepted",
            unknown.GetProperty("detail").GetString()
        );
    }

    [Fact]
    public async Task An_upload_too_large_is_refused_with_the_setting_before_and_while_it_is_sent()
    {
        // Four hundred thousand bytes exceed the limit by Content-Length; a hundred and fifty thousand could all be
        // fields.
        foreach (var bytes in (int[])[400_000, 150_000])
        {
            var problem = await RefusedAsync(
                Wave.Form(new byte[bytes], ("title", "Long")),
                HttpStatusCode.RequestEntityTooLarge,
                "too_large"
            );
            Assert.Contains("MAX_UPLOAD_SIZE", problem.GetProperty("detail").GetString());
            Assert.Contains("102,400", problem.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task A_body_that_ends_early_leaves_nothing()
    {
        using var form = Wave.Form(Sound, ("title", "Nightbus"));
        var whole = await form.ReadAsByteArrayAsync();
        var half = new ByteArrayContent(whole[..(whole.Length / 2)]);
        half.Headers.ContentType = form.Headers.ContentType;
        await RefusedAsync(half, HttpStatusCode.BadRequest, "malformed");
    }

    [Fact]
    public async Task Where_files_cannot_be_stored_it_is_not_the_upload_that_is_refused()
    {
        var staging = Path.Combine(small.MediaRoot, "staging");
        Directory.Delete(staging);
        // A folder in which no user can create a file, not even root.
        Directory.CreateSymbolicLink(staging, "/proc");
        try
        {
            var problem = await AnswerAsync(Wave.Form(Sound, ("title", "Nowhere")), HttpStatusCode.ServiceUnavailable);
            Assert.Equal("/problems/storage_unavailable", problem.GetProperty("type").GetString());
            Assert.DoesNotContain("staging", problem.GetRawText(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(staging);
            Directory.CreateDirectory(staging);
        }
        await AnswerAsync(Wave.Form(Sound, ("title", "Here again")), HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_body_without_a_boundary_is_refused()
    {
        var content = new ByteArrayContent(Sound);
        content.Headers.ContentType = new MediaTypeHeaderValue("multipart/form-data");
        await RefusedAsync(content, HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task The_file_may_come_before_the_title()
    {
        using var form = Wave.Form(Sound);
        form.Add(new StringContent("Backwards"), "title");
        await AnswerAsync(form, HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_same_idempotency_key_makes_one_track_and_keeps_one_file()
    {
        var before = Files;
        var key = Guid.CreateVersion7().ToString();
        // Every form has its own boundary, as every retry of a browser has.
        var answers = new[]
        {
            await AnswerAsync(Wave.Form(Sound, ("title", "Once")), HttpStatusCode.Created, key),
            await AnswerAsync(Wave.Form(Sound, ("title", "Once")), HttpStatusCode.Created, key),
        };
        Assert.Equal(answers[0].Id(), answers[1].Id());
        Assert.Equal(answers[0].GetProperty("position").GetInt64(), answers[1].GetProperty("position").GetInt64());
        Assert.Equal("pcm_s16le", answers[1].GetProperty("codec").GetString());
        Assert.Equal(
            Path.Combine(small.MediaRoot, "tracks", answers[0].Id().ToString("N"), "original"),
            Assert.Single(Files.Except(before))
        );

        await RefusedAsync(
            Wave.Form(Sound, ("title", "Twice")),
            HttpStatusCode.UnprocessableEntity,
            "idempotency_key_reused",
            key
        );
        await RefusedAsync(
            Wave.Form(Wave.Sine(2, 8_000, toneHz: 330), ("title", "Once")),
            HttpStatusCode.UnprocessableEntity,
            "idempotency_key_reused",
            key
        );
    }

    private static IEnumerable<string> Fields(JsonElement problem) =>
        problem.GetProperty("errors").EnumerateObject().Select(e => e.Name);

    /// <summary>Asserts the refusal, and that no file is left.</summary>
    private async Task<JsonElement> RefusedAsync(
        HttpContent content,
        HttpStatusCode status,
        string code,
        string? key = null
    )
    {
        var before = Files;
        var problem = await AnswerAsync(content, status, key);
        Assert.Equal($"/problems/{code}", problem.GetProperty("type").GetString());
        Assert.Equal(before, Files);
        return problem;
    }

    private async Task<JsonElement> AnswerAsync(HttpContent content, HttpStatusCode status, string? key = null)
    {
        var artist = await server.SharedAsync("artist");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{small.Address}/api/v1/tracks")
        {
            Content = content,
        };
        request.Headers.Authorization = new("Bearer", artist.AccessToken);
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var response = await Http.SendAsync(request);
        return await response.JsonAsync(status);
    }
}
