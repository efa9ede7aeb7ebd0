using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Auth;
using Veza.Integration.Tests.Music.Tracks;

namespace Veza.Integration.Tests.Accounts;

public class MediaTokenTests(VezaServer veza)
{
    private static readonly byte[] Sound = Wave.Sine(seconds: 1, sampleRateHz: 8_000);

    [Fact]
    public async Task A_media_token_reads_the_sound_of_a_track_with_ranges_and_without_a_header()
    {
        var (owner, audio) = await TrackAsync();
        var answer = await owner.PostAsync("/api/v1/media-tokens");
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var body = await answer.JsonAsync();
        Assert.Equal(3_600, body.GetProperty("expiresIn").GetInt32());
        var path = $"{audio}?token={body.GetProperty("token").GetString()}";

        using var whole = await veza.Anonymous.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        Assert.Equal("private", whole.Headers.CacheControl!.ToString());
        Assert.Equal("no-referrer", whole.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal(Sound, await Bytes(whole));
        using var part = await veza.Anonymous.GetAsync($"{path}&format=original", ("Range", "bytes=1000-1999"));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(Sound[1_000..2_000], await Bytes(part));
        using var head = await veza.Anonymous.SendAsync(HttpMethod.Head, path, null);
        Assert.Equal((HttpStatusCode.OK, Sound.Length), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task No_other_endpoint_takes_a_media_token_and_none_takes_it_as_a_header()
    {
        var (owner, audio) = await TrackAsync();
        var token = await TokenAsync(owner);
        foreach (var path in (string[])["/api/v1/accounts/me", "/api/v1/feed", audio[..^"/audio".Length]])
        {
            foreach (var name in (string[])["token", "access_token"])
                await veza
                    .Anonymous.GetAsync($"{path}?{name}={token}")
                    .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
            await veza
                .Anonymous.GetAsync(path, ("Authorization", $"Bearer {token}"))
                .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }
        await veza
            .Anonymous.PostAsync($"/hubs/live/negotiate?negotiateVersion=1&access_token={token}")
            .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await veza
            .Anonymous.GetAsync(audio, ("Authorization", $"Bearer {token}"))
            .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task The_sound_opens_to_no_other_token_in_the_query()
    {
        var (owner, audio) = await TrackAsync();
        var token = await TokenAsync(owner);
        var changed = (token[40] == 'A' ? 'B' : 'A').ToString();
        string[] bad =
        [
            "",
            "x",
            token[..^1],
            token + "A",
            token + "=",
            token[..40] + changed + token[41..],
            owner.AccessToken!,
            new string('A', token.Length),
            new string('x', 4_000),
        ];
        foreach (var text in bad)
            await veza
                .Anonymous.GetAsync($"{audio}?token={text}")
                .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_media_token_ends_with_its_session()
    {
        var (owner, audio) = await TrackAsync();
        var path = $"{audio}?token={await TokenAsync(owner)}";
        Assert.Equal(HttpStatusCode.OK, (await veza.Anonymous.GetAsync(path)).StatusCode);
        await owner.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await veza.Anonymous.GetAsync(path).RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_media_token_of_a_suspended_account_opens_nothing()
    {
        var (owner, audio) = await TrackAsync();
        var path = $"{audio}?token={await TokenAsync(owner)}";
        await (await veza.OperatorAsync())
            .PutAsync($"/api/v1/accounts/{owner.Id}/suspension", new { reason = "a test" })
            .JsonAsync();
        await veza.Anonymous.GetAsync(path).RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_media_token_ends_after_an_hour()
    {
        var owner = await veza.RegisterAsync("listener");
        var services = veza.Running.App.Services;
        var clock = new SetClock(TimeProvider.System.GetUtcNow());
        var tokens = new MediaTokens(
            services.GetRequiredService<SigningKeys>(),
            veza.Running.Log,
            services.GetRequiredService<AccountAuthenticator>(),
            clock
        );
        var token = await TokenAsync(owner);
        var ct = TestContext.Current.CancellationToken;
        clock.Now += MediaTokens.Life - TimeSpan.FromMinutes(5);
        Assert.True((await tokens.AuthenticateAsync(token, ct)).Succeeded);
        clock.Now += TimeSpan.FromMinutes(5);
        Assert.Same(MediaTokens.Expired, (await tokens.AuthenticateAsync(token, ct)).Failure);
    }

    private static Task<byte[]> Bytes(HttpResponseMessage answer) =>
        answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

    private static async Task<string> TokenAsync(Person person) =>
        (await person.PostAsync("/api/v1/media-tokens").JsonAsync()).GetProperty("token").GetString()!;

    private async Task<(Person Owner, string Audio)> TrackAsync()
    {
        var owner = await veza.RegisterAsync("artist");
        using var form = Wave.Form(Sound, ("title", "Nightbus"));
        var track = await owner.SendAsync(HttpMethod.Post, "/api/v1/tracks", form).JsonAsync(HttpStatusCode.Created);
        // Anyone without a position of their own reads what is in the read models, so these must have the track.
        await owner.GetAsync($"/api/v1/tracks/{track.Id()}").JsonAsync();
        return (owner, $"/api/v1/tracks/{track.Id()}/audio");
    }
}
