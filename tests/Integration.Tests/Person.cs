using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Veza.Integration.Tests;

/// <summary>A client of the API with one access token. Its reads wait for its own writes.</summary>
public sealed class Person(IVezaApi veza, Guid id, string userName, string? accessToken)
{
    private long _position;

    public Guid Id => id;
    public string UserName => userName;
    public string? AccessToken => accessToken;

    /// <summary>The newest position in an answer to this person.</summary>
    public long Position => Volatile.Read(ref _position);

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, null, headers);

    public Task<HttpResponseMessage> PostAsync(
        string path,
        object? body = null,
        params (string Name, string Value)[] headers
    ) => SendAsync(HttpMethod.Post, path, Json(body), headers);

    public Task<HttpResponseMessage> PutAsync(
        string path,
        object? body = null,
        params (string Name, string Value)[] headers
    ) => SendAsync(HttpMethod.Put, path, Json(body), headers);

    public Task<HttpResponseMessage> PatchAsync(
        string path,
        object? body = null,
        params (string Name, string Value)[] headers
    ) => SendAsync(HttpMethod.Patch, path, Json(body), headers);

    public Task<HttpResponseMessage> DeleteAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Delete, path, null, headers);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        HttpContent? content,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, veza.Address + path) { Content = content };
        if (accessToken is not null)
            request.Headers.Authorization = new("Bearer", accessToken);
        if (method == HttpMethod.Get && Position > 0)
            request.Headers.Add("Veza-After", Position.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        var response = await veza.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var header = response.Headers.TryGetValues("Veza-Position", out var values) ? values.First() : null;
        // A read's position is no promise about other read models, so only a write's moves it.
        if (method != HttpMethod.Get && long.TryParse(header, CultureInfo.InvariantCulture, out var position))
            SeeUpTo(position);
        return response;
    }

    /// <summary>Erases this person's account with the tests' common password.</summary>
    public Task<HttpResponseMessage> EraseAsync() =>
        SendAsync(HttpMethod.Delete, "/api/v1/accounts/me", Json(new { password = "correct horse battery" }));

    /// <summary>Later reads also wait for the position that the other has seen.</summary>
    public void SeeWhat(Person other) => SeeUpTo(other.Position);

    /// <summary>Later reads also wait for this position.</summary>
    public void SeeUpTo(long position) => Volatile.Write(ref _position, Math.Max(Position, position));

    private static JsonContent? Json(object? body) => body is null ? null : JsonContent.Create(body, body.GetType());
}

public static class Answers
{
    /// <summary>
    /// The answer's JSON. Fails with the answer's text when the status differs from the expected one.
    /// </summary>
    public static async Task<JsonElement> JsonAsync(
        this HttpResponseMessage response,
        HttpStatusCode expected = HttpStatusCode.OK
    )
    {
        var text = await response.Content.ReadAsStringAsync();
        var asked = $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri}";
        Assert.True(response.StatusCode == expected, $"{asked} answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    public static async Task<JsonElement> JsonAsync(
        this Task<HttpResponseMessage> response,
        HttpStatusCode expected = HttpStatusCode.OK
    ) => await (await response).JsonAsync(expected);

    /// <summary>Asserts that the answer is a problem of this code and status.</summary>
    public static async Task<JsonElement> RefusedAsync(
        this Task<HttpResponseMessage> response,
        HttpStatusCode status,
        string code
    )
    {
        var problem = await (await response).JsonAsync(status);
        Assert.Equal($"/problems/{code}", problem.GetProperty("type").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    public static Guid Id(this JsonElement answer) => answer.GetProperty("id").GetGuid();

    public static JsonElement[] Items(this JsonElement page) => [.. page.GetProperty("items").EnumerateArray()];
}
