using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Integration.Tests.Security;

/// <summary>Many concurrent clients, each with its own connection and, if a test wants it, its own address.</summary>
internal sealed class Crowd(VezaServer veza) : IDisposable
{
    /// <summary>More than any test sends at a time: no request waits for another's connection.</summary>
    private const int ConnectionsMax = 512;

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = ConnectionsMax })
    {
        // Longer than a queue of password checks takes on a busy machine.
        Timeout = TimeSpan.FromMinutes(5),
    };

    /// <summary>The tests' server trusts this machine as a proxy that states the caller's address.</summary>
    public static string Address() => new IPAddress(Guid.CreateVersion7().ToByteArray()).ToString();

    /// <returns>The status and the problem's code; null for a success.</returns>
    public async Task<(HttpStatusCode Status, string? Code)> PostAsync(
        string path,
        object body,
        string from,
        string? token = null
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, veza.Address + path)
        {
            Content = JsonContent.Create(body, body.GetType()),
        };
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", from);
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return (
            answer.StatusCode,
            answer.IsSuccessStatusCode ? null : json.GetProperty("type").GetString()!["/problems/".Length..]
        );
    }

    public void Dispose() => _http.Dispose();
}
