using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>A client of one node. Its network is its own, as behind a proxy.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly HttpClient _http;

    public Visitor(string address)
    {
        _http = new HttpClient { BaseAddress = new(address), Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Add("X-Forwarded-For", Network());
    }

    public string Channel { get; private set; } = "";

    /// <summary>Makes an account with a channel.</summary>
    public static async Task<Visitor> RegisterAsync(string address)
    {
        var visitor = new Visitor(address);
        var name = $"v{Guid.CreateVersion7().ToString("N")[^16..]}";
        var session = await visitor.AskAsync(
            "/api/v1/accounts",
            new
            {
                userName = name,
                email = $"{name}@example.org",
                password = "correct horse battery",
            }
        );
        visitor._http.DefaultRequestHeaders.Authorization = new(
            "Bearer",
            session.GetProperty("accessToken").GetString()
        );
        var community = await visitor.AskAsync("/api/v1/communities", new { name });
        visitor.Channel = community.GetProperty("generalChannelId").GetString()!;
        return visitor;
    }

    /// <summary>Writes a message, and takes any answer.</summary>
    public Task WriteAsync(CancellationToken ct) =>
        PostAsync($"/api/v1/channels/{Channel}/messages", JsonContent.Create(new { text = "hello" }), ct);

    /// <summary>Reads messages, and takes any answer.</summary>
    public async Task ReadAsync(CancellationToken ct)
    {
        using var answer = await _http.GetAsync($"/api/v1/channels/{Channel}/messages?limit=5", ct);
    }

    /// <summary>Signs in with a wrong password, as from another network each time.</summary>
    public async Task GuessAsync(CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/sessions")
        {
            Content = JsonContent.Create(new { name = $"guess{Guid.CreateVersion7():N}", password = "wrong password" }),
        };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var answer = await _http.SendAsync(request, ct);
    }

    /// <summary>Uploads a second of sound, and takes any answer.</summary>
    public async Task UploadAsync(byte[] sound, CancellationToken ct)
    {
        using var form = new MultipartFormDataContent { { new StringContent("A tone"), "title" } };
        var file = new ByteArrayContent(sound);
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        form.Add(file, "file", "tone.wav");
        await PostAsync("/api/v1/tracks", form, ct);
    }

    /// <returns>The address of the source of a new broadcast.</returns>
    public async Task<string> MakeBroadcastAsync()
    {
        var made = await AskAsync("/api/v1/broadcasts", new { title = "A tone" });
        return made.GetProperty("ingest").GetProperty("url").GetString()!;
    }

    public void Dispose() => _http.Dispose();

    private static string Network() =>
        string.Join('.', Guid.CreateVersion7().ToByteArray()[^3..].Select(b => 1 + b % 200).Prepend(10));

    private async Task PostAsync(string path, HttpContent content, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var answer = await _http.SendAsync(request, ct);
    }

    /// <summary>Asks until the node has its database, which a cause before may have taken away.</summary>
    private async Task<JsonElement> AskAsync(string path, object body)
    {
        var key = Guid.CreateVersion7().ToString();
        var (status, text) = (HttpStatusCode.ServiceUnavailable, "");
        await Eventually.TrueAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path)
                {
                    Content = JsonContent.Create(body),
                };
                request.Headers.Add("Idempotency-Key", key);
                using var answer = await _http.SendAsync(request);
                (status, text) = (answer.StatusCode, await answer.Content.ReadAsStringAsync());
                return status != HttpStatusCode.ServiceUnavailable;
            },
            what: $"{path} is answered"
        );
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Created, $"{path}: {(int)status} {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
