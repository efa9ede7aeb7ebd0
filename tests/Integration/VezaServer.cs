using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Alba;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.EventStore.Postgres;

namespace Veza.Integration.Tests;

/// <summary>The whole product in this process, on a port of its own, over a PostgreSQL of its own; one for all tests of the assembly.</summary>
public sealed class VezaServer : IAsyncLifetime
{
    private readonly string _home = Directory.CreateTempSubdirectory("veza-test-").FullName;
    private readonly ConcurrentDictionary<string, Task<Person>> _people = new();
    private LocalPostgres _postgres = null!;
    private RunningVeza _running = null!;
    private readonly Lazy<Task<IAlbaHost>> _inMemory;

    public VezaServer() => _inMemory = new(() => InMemoryVeza.StartAsync(this));

    public RunningVeza Running => _running;
    public string Address => _running.Address;
    public string Home => _home;
    public LocalPostgres Postgres => _postgres;
    public string ConnectionString => _postgres.ConnectionString;

    /// <summary>Where its PostgreSQL keeps its files.</summary>
    public string DataFolder => _postgres.DataFolder;

    /// <summary>Its PostgreSQL is watched over, as in production: it is started again when it ends by itself.</summary>
    public bool Watched { get; init; }

    /// <summary>Environment variables of a server that a test has to itself.</summary>
    public (string Name, string Value)[] More { get; init; } = [];

    /// <summary>Somebody who is not signed in.</summary>
    public Person Nobody => new(this, Guid.Empty, "", null);

    public async ValueTask InitializeAsync()
    {
        // Without it, what was acknowledged in the last moments before a kill is lost, and the history forked.
        _postgres = await LocalPostgres.StartEphemeralAsync(fsync: Watched);
        if (Watched) _postgres.Watch(TimeProvider.System, NullLogger.Instance);
        _running = await VezaHost.StartAsync(Settings(_home, More), _postgres.ConnectionString, NullLoggerFactory.Instance, CancellationToken.None, Watched ? _postgres : null);
    }

    /// <param name="more">Environment variables that differ from what tests usually run with.</param>
    public static VezaSettings Settings(string home, params (string Name, string Value)[] more)
    {
        var variables = new Dictionary<string, string>
        {
            ["PORT"] = Loopback.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["PROMETHEUS_PORT"] = Loopback.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["VEZA_HOME"] = home,
            // One address sends all the requests of a test run.
            ["RATE_LIMIT_PER_MINUTE"] = "1000000",
            ["TRUSTED_PROXIES"] = "127.0.0.1",
            ["LOG_LEVEL"] = "error",
        };
        foreach (var (name, value) in more) variables[name] = value;
        return DevelopmentSecrets.Fill(VezaSettings.Parse(variables));
    }

    /// <summary>Registers a new person, whose name ends in something unique.</summary>
    public async Task<Person> RegisterAsync(string name)
    {
        var userName = $"{name}_{Guid.CreateVersion7().ToString("N")[20..]}";
        var nobody = Nobody;
        var answer = await nobody.PostAsync("/api/v1/accounts", new { userName, email = $"{userName}@example.org", password = "correct horse battery" });
        var account = await answer.JsonAsync(HttpStatusCode.Created);
        var person = new Person(this, account.GetProperty("id").GetGuid(), userName, account.GetProperty("accessToken").GetString());
        // So that what this person reads first holds the registration.
        person.SeeWhat(nobody);
        return person;
    }

    /// <summary>The same endpoints without a socket, started by the first test that asks.</summary>
    public Task<IAlbaHost> InMemoryAsync() => _inMemory.Value;

    /// <summary>As <see cref="RegisterAsync"/>; all that this person asks is asked without a socket.</summary>
    public async Task<Person> RegisterInMemoryAsync(string name)
    {
        var person = await RegisterAsync(name);
        return new(this, person.Id, person.UserName, person.AccessToken, (await InMemoryAsync()).GetTestClient());
    }

    /// <summary>The operator of the first start, who is an analyst too.</summary>
    public async Task<Person> OperatorAsync()
    {
        var credentials = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Home, "operator.json"))).RootElement;
        var session = await Nobody.PostAsync("/api/v1/sessions", new
        {
            name = credentials.GetProperty("userName").GetString(), password = credentials.GetProperty("password").GetString(),
        }).JsonAsync(HttpStatusCode.Created);
        return new(this, session.GetProperty("accountId").GetGuid(), "operator", session.GetProperty("accessToken").GetString());
    }

    /// <summary>A person that several tests may share, because none of them changes it.</summary>
    public Task<Person> SharedAsync(string name) => _people.GetOrAdd(name, RegisterAsync);

    public async ValueTask DisposeAsync()
    {
        if (_inMemory.IsValueCreated) await (await _inMemory.Value).DisposeAsync();
        if (_running is not null) await _running.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }
}

/// <summary>A client of the API under one access token. Reads wait for what this person wrote before.</summary>
public sealed class Person(VezaServer server, Guid id, string userName, string? accessToken, HttpClient? inMemory = null)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(60) };
    private long _position;

    public Guid Id => id;
    public string UserName => userName;
    public string? AccessToken => accessToken;

    /// <summary>The newest position this person was answered.</summary>
    public long Position => Volatile.Read(ref _position);

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);
    public Task<HttpResponseMessage> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, Json(body), headers);
    public Task<HttpResponseMessage> PutAsync(string path, object? body = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Put, path, Json(body), headers);
    public Task<HttpResponseMessage> PatchAsync(string path, object? body = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Patch, path, Json(body), headers);
    public Task<HttpResponseMessage> DeleteAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Delete, path, null, headers);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, inMemory is null ? server.Address + path : path) { Content = content };
        if (accessToken is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        if (method == HttpMethod.Get && Position > 0) request.Headers.Add("Veza-After", Position.ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }
        var response = await (inMemory ?? Http).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (response.Headers.TryGetValues("Veza-Position", out var values) && long.TryParse(values.First(), out var position) && position > Position)
            Volatile.Write(ref _position, position);
        return response;
    }

    /// <summary>Erases this person's account, with the password that everybody registers with here.</summary>
    public Task<HttpResponseMessage> EraseAsync() =>
        SendAsync(HttpMethod.Delete, "/api/v1/accounts/me", Json(new { password = "correct horse battery" }));

    /// <summary>Reads then also wait for what the other has seen.</summary>
    public void SeeWhat(Person other) => SeeUpTo(other.Position);

    /// <summary>Reads then also wait for what is at this position.</summary>
    public void SeeUpTo(long position) => Volatile.Write(ref _position, Math.Max(Position, position));

    private static JsonContent? Json(object? body) => body is null ? null : JsonContent.Create(body, body.GetType());
}

public static class Answers
{
    /// <summary>The answer's JSON, when its status is the expected one; otherwise the test fails with what was said.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    public static async Task<JsonElement> JsonAsync(this Task<HttpResponseMessage> response, HttpStatusCode expected = HttpStatusCode.OK) => await (await response).JsonAsync(expected);

    /// <summary>The answer is a problem of this code and status.</summary>
    public static async Task<JsonElement> RefusedAsync(this Task<HttpResponseMessage> response, HttpStatusCode status, string code)
    {
        var problem = await (await response).JsonAsync(status);
        Assert.Equal($"/problems/{code}", problem.GetProperty("type").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    public static Guid Id(this JsonElement answer) => answer.GetProperty("id").GetGuid();

    public static JsonElement[] Items(this JsonElement page) => [.. page.GetProperty("items").EnumerateArray()];
}
