using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Cli;

/// <summary>
/// Calls the API for the operator's tool, with a given token or signed in with <c>.veza/operator.json</c>.
/// </summary>
internal sealed class OperatorClient(Uri server, string? token) : IDisposable
{
    private const string CredentialsFile = "operator.json";

    // A replay has no time limit, but connecting has one.
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            AutomaticDecompression = DecompressionMethods.GZip,
        }
    )
    {
        BaseAddress = server,
        Timeout = Timeout.InfiniteTimeSpan,
    };
    private readonly bool _signsIn = token is null;
    private string? _token = token;

    private static string Home =>
        Environment.GetEnvironmentVariable("VEZA_HOME") is { Length: > 0 } home ? home : ".veza";

    /// <summary>The address of a Veza that was started with this environment.</summary>
    public static string DefaultUrl =>
        $"http://127.0.0.1:{(Environment.GetEnvironmentVariable("PORT") is { Length: > 0 } port ? port : "8080")}";

    /// <returns>A successful answer whose body is not read yet.</returns>
    /// <exception cref="OperatorClientException">The server refused.</exception>
    public Task<HttpResponseMessage> GetAsync(string path, CancellationToken ct) => SendAsync(HttpMethod.Get, path, ct);

    /// <inheritdoc cref="GetAsync"/>
    public Task<HttpResponseMessage> PostAsync(string path, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, ct);

    public void Dispose() => _http.Dispose();

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, CancellationToken ct)
    {
        var signedInHere = _token is null;
        _token ??= await SignInAsync(ct);
        var answer = await SendOnceAsync(method, path, ct);
        if (answer.StatusCode == HttpStatusCode.Unauthorized && _signsIn && !signedInHere)
        {
            // An access token lasts a quarter of an hour; a replay may last longer.
            answer.Dispose();
            _token = await SignInAsync(ct);
            answer = await SendOnceAsync(method, path, ct);
        }
        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
            throw new OperatorClientException(await ReasonAsync(answer, ct));
    }

    private Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, string path, CancellationToken ct)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
    }

    private async Task<string> SignInAsync(CancellationToken ct)
    {
        var file = Path.Combine(Home, CredentialsFile);
        if (!File.Exists(file))
            throw new OperatorClientException(
                $"{file} does not exist: start Veza once in development, set VEZA_HOME, or give VEZA_TOKEN"
            );
        var credentials = JsonDocument.Parse(await File.ReadAllBytesAsync(file, ct)).RootElement;
        using var answer = await _http.PostAsJsonAsync(
            "/api/v1/sessions",
            new
            {
                name = credentials.GetProperty("userName").GetString(),
                password = credentials.GetProperty("password").GetString(),
            },
            ct
        );
        if (!answer.IsSuccessStatusCode)
            throw new OperatorClientException(await ReasonAsync(answer, ct));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("accessToken").GetString()!;
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        try
        {
            if (JsonDocument.Parse(text).RootElement.TryGetProperty("detail", out var detail))
                text = detail.GetString() ?? text;
        }
        catch (JsonException)
        {
            // Another program than Veza answered. Its text is shown as it is.
        }
        return $"{answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode} {text}".TrimEnd();
    }
}

/// <summary>The server refused a request, or signing in is not possible. The message says why.</summary>
internal sealed class OperatorClientException(string message) : Exception(message);
