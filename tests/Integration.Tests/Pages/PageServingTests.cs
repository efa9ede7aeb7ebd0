using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.TestHost;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.Api.Pages;

namespace Veza.Integration.Tests.Pages;

public sealed class PageServingTests(SmallPage page, VezaEndpoints withoutPage)
    : IClassFixture<SmallPage>,
        IClassFixture<VezaEndpoints>
{
    /// <summary>As Chromium sends it when a person opens an address.</summary>
    private const string Navigation = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/index.html")]
    [InlineData("/channels/0198f5c0-0000-7000-8000-000000000000")]
    [InlineData("/live")]
    [InlineData("/prove-email")]
    [InlineData("/reset-password")]
    [InlineData("/live/0198f5c0-0000-7000-8000-000000000000")]
    [InlineData("/people/ada.lovelace")]
    public async Task An_address_that_a_person_opens_answers_with_the_page(string path)
    {
        var answer = await AskAsync(path, accept: Navigation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(SmallPage.Index, await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("no-cache", answer.Headers.CacheControl?.ToString());
        Assert.Contains("Accept", answer.Headers.Vary);
    }

    [Theory]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api")]
    [InlineData("/hubs/nothing")]
    [InlineData("/openapi/nothing")]
    [InlineData("/.well-known/nothing")]
    [InlineData("/assets/index-OldHash0.js")]
    [InlineData("/assets/")]
    public async Task What_is_missing_among_the_addresses_of_programs_is_a_problem_also_in_a_browser(string path)
    {
        var answer = await AskAsync(path, accept: Navigation);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("*/*")]
    [InlineData("application/json")]
    [InlineData("text/html;q=0, */*")]
    [InlineData("audio/webm,audio/ogg,audio/wav,audio/*;q=0.9,*/*;q=0.5")]
    [InlineData("not a type at all")]
    public async Task A_program_that_asks_for_an_unknown_address_gets_a_problem_and_not_the_page(string accept)
    {
        var answer = await AskAsync("/channels/nothing", accept);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_player_gets_the_sound_of_a_broadcast_at_the_address_that_a_browser_opens_as_a_page()
    {
        var answer = await AskAsync("/live/0198f5c0-0000-7000-8000-000000000000", accept: "*/*");
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancelled)).RootElement;
        Assert.Equal("/problems/broadcast_not_live", problem.GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_pages_own_headers_allow_nothing_but_its_files()
    {
        var answer = await AskAsync("/", accept: Navigation);
        var policy = Header(answer, "Content-Security-Policy");
        Assert.StartsWith("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("microphone=(self)", Header(answer, "Permissions-Policy"), StringComparison.Ordinal);
        Assert.Equal("same-origin", Header(answer, "Cross-Origin-Opener-Policy"));
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
    }

    [Fact]
    public async Task A_file_with_a_hash_in_its_name_is_cached_for_ever()
    {
        var answer = await AskAsync(SmallPage.Script);
        Assert.Equal("public, max-age=31536000, immutable", Header(answer, "Cache-Control"));
        Assert.Equal("text/javascript; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(SmallPage.ScriptText, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("/favicon.svg", "image/svg+xml", "no-cache")]
    [InlineData("/manifest.webmanifest", "application/manifest+json", "no-cache")]
    [InlineData("/assets/inter-C1x2.woff2", "font/woff2", "public, max-age=31536000, immutable")]
    public async Task A_file_has_its_type_and_without_a_hash_it_is_asked_for_each_time(
        string path,
        string type,
        string caching
    )
    {
        var answer = await AskAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(caching, Header(answer, "Cache-Control"));
    }

    [Theory]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("*", "br")]
    [InlineData("deflate", null)]
    [InlineData("br;q=0, *;q=0", null)]
    [InlineData("identity", null)]
    [InlineData(null, null)]
    public async Task A_script_comes_in_the_best_encoding_that_the_browser_accepts(string? accepted, string? encoding)
    {
        var answer = await AskAsync(SmallPage.Script, encodings: accepted);
        Assert.Equal(encoding, answer.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        Assert.Equal(SmallPage.ScriptText, await DecodedAsync(answer));
    }

    [Fact]
    public async Task Each_encoding_has_its_own_tag()
    {
        string?[] encodings = ["br", "gzip", null];
        var answers = await Task.WhenAll(encodings.Select(e => AskAsync(SmallPage.Script, encodings: e)));
        Assert.Equal(3, answers.Select(a => a.Headers.ETag?.Tag).Distinct().Count());
    }

    [Fact]
    public async Task A_browser_that_has_the_file_gets_304_and_no_body()
    {
        var first = await AskAsync("/", accept: Navigation);
        var tag = first.Headers.ETag!;
        Assert.False(tag.IsWeak);
        var second = await AskAsync("/live", accept: Navigation, more: r => r.Headers.IfNoneMatch.Add(tag));
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancelled));
        Assert.Equal("no-cache", Header(second, "Cache-Control"));
        Assert.Equal(tag, second.Headers.ETag);

        var other = new EntityTagHeaderValue("\"other\"");
        var changed = await AskAsync("/", accept: Navigation, more: r => r.Headers.IfNoneMatch.Add(other));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData(SmallPage.Script)]
    public async Task HEAD_answers_with_the_length_and_no_body(string path)
    {
        var full = await AskAsync(path, encodings: "br");
        var head = await AskAsync(path, encodings: "br", more: r => r.Method = HttpMethod.Head);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(full.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Equal(full.Headers.ETag, head.Headers.ETag);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [Theory]
    [InlineData("/assets/../../secret.txt")]
    [InlineData("/../secret.txt")]
    [InlineData("//secret.txt")]
    [InlineData("/assets/%2e%2e/%2e%2e/secret.txt")]
    [InlineData("/assets\\..\\..\\secret.txt")]
    [InlineData("/link.txt")]
    [InlineData("/built")]
    [InlineData(SmallPage.Script + ".br")]
    [InlineData(SmallPage.Script + ".gz")]
    [InlineData("/ASSETS/index-Bq3xV9aZ.js")]
    public async Task No_path_leads_to_a_file_that_is_not_of_the_page(string path)
    {
        // Without the client in between, which resolves such paths by itself.
        var answer = await page.Host.Server.SendAsync(http => http.Request.Path = path, Cancelled);
        Assert.Equal((int)HttpStatusCode.NotFound, answer.Response.StatusCode);
    }

    [Fact]
    public async Task The_page_answers_no_method_that_writes()
    {
        var answer = await AskAsync("/", accept: Navigation, more: r => r.Method = HttpMethod.Post);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Loading_the_page_uses_up_none_of_a_callers_requests()
    {
        var answer = await AskAsync("/", accept: Navigation);
        Assert.False(answer.Headers.Contains("RateLimit-Remaining"));
    }

    [Fact]
    public async Task The_description_of_the_API_stays_beside_the_page()
    {
        var swagger = await AskAsync("/docs/index.html", accept: Navigation);
        Assert.Contains("swagger-ui", await swagger.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.False(swagger.Headers.Contains("Content-Security-Policy"));
    }

    [Fact]
    public async Task Without_a_built_page_the_address_says_how_to_build_it_and_the_rest_works()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation("Accept", Navigation);
        var answer = await withoutPage.Http.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.Contains("./veza run", text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await withoutPage.Http.GetAsync("/openapi/v1.json", Cancelled)).StatusCode);
    }

    [Fact]
    public void A_folder_without_a_page_is_refused_by_name()
    {
        var settings = VezaServer.Settings(page.Folder, ("WEB_ROOT", page.Folder));
        var refused = Assert.Throws<InvalidSettingsException>(() => PageFiles.Load(settings));
        Assert.Contains($"WEB_ROOT is \"{page.Folder}\"", refused.Message, StringComparison.Ordinal);
        Assert.Contains("index.html", refused.Message, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> AskAsync(
        string path,
        string accept = "*/*",
        string? encodings = null,
        Action<HttpRequestMessage>? more = null
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (encodings is not null)
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encodings);
        more?.Invoke(request);
        return await page.Http.SendAsync(request, Cancelled);
    }

    private static string Header(HttpResponseMessage answer, string name) => answer.Headers.GetValues(name).Single();

    private static async Task<string> DecodedAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(Cancelled);
        await using Stream decoded = answer.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        using var text = new StreamReader(decoded);
        return await text.ReadToEndAsync(Cancelled);
    }
}
