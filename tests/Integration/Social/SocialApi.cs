using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Veza.Api.Http;
using Veza.Api.Music.Charts;
using Veza.Api.Music.Listening;
using Veza.Api.Social;
using Veza.Api.Social.Feed;
using Veza.Api.Social.Follows;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.Fixtures;

namespace Veza.Integration.Tests.Social;

/// <summary>
/// The endpoints of following, feeds, listening and charts over HTTP and a real log, at a time that the test moves. Who calls stands in a header, as
/// <c>account/session</c>: how an account proves that it is itself is another capability's.
/// </summary>
public sealed class SocialApi : IAsyncLifetime
{
    private const string CallerHeader = "Test-Caller";
    private readonly TestLog _log = new();
    private WebApplication? _app;

    public TimeSpan Passed { get; set; }
    public HttpClient Http { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await _log.InitializeAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_log.Log).AddSingleton(_log.Projections).AddSingleton(_log.Views).AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new Dispatcher(_log.Log, new Limits(), () => _log.Now + Passed));
        builder.Services.AddSocial().AddListening();
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)));
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.Use((context, next) =>
        {
            var caller = context.Request.Headers[CallerHeader].ToString().Split('/');
            context.User = new CallerPrincipal(new(Guid.Parse(caller[0]), Guid.Parse(caller[1]), new HashSet<string>()));
            return next(context);
        });
        _app.Use(IdempotencyKey.Middleware);
        var api = _app.MapGroup("/api/v1");
        api.MapFollows();
        api.MapFeed();
        api.MapPlays();
        api.MapCharts();
        await _app.StartAsync();
        Http.BaseAddress = new(_app.Urls.First());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_app is not null) await _app.DisposeAsync();
        await _log.DisposeAsync();
    }

    public async Task<Person> RegisterAsync(string name)
    {
        var id = Guid.CreateVersion7();
        await _log.AppendAsync(Happened.To<Account>(id, new AccountRegistered(id, name, $"{id:N}@example.org", "hash")));
        return new(this, id, Guid.CreateVersion7());
    }

    public async Task<Guid> UploadAsync(Person owner, string genre)
    {
        var id = Guid.CreateVersion7();
        await _log.AppendAsync(Happened.To<Track>(id, new TrackUploaded(id, owner.Id, "Ghost notes", genre, null, 1000, new string('0', 64), 200_000, "flac", 44_100, 2)));
        return id;
    }

    /// <summary>Somebody who calls.</summary>
    public sealed record Person(SocialApi Api, Guid Id, Guid Session)
    {
        private long _position;

        public async Task<(int Status, JsonElement Body)> SendAsync(HttpMethod method, string path, object? body = null, string? idempotencyKey = null)
        {
            using var request = new HttpRequestMessage(method, "/api/v1" + path);
            request.Headers.Add(CallerHeader, $"{Id}/{Session}");
            if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
            if (method == HttpMethod.Get) request.Headers.Add("Veza-After", $"{_position}");
            if (body is not null)
            {
                // With its length, as browsers send it.
                request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, JsonSerializerOptions.Web));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }
            using var response = await Api.Http.SendAsync(request);
            if (response.Headers.TryGetValues("Veza-Position", out var positions)) _position = long.Parse(positions.Single(), System.Globalization.CultureInfo.InvariantCulture);
            return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
        }

        public async Task<JsonElement> GetAsync(string path)
        {
            var (status, body) = await SendAsync(HttpMethod.Get, path);
            Assert.True(status == StatusCodes.Status200OK, body.ToString());
            return body;
        }
    }
}
