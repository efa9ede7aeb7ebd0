using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Veza.Integration.Tests.Live;

/// <summary>A person's stream of server-sent events.</summary>
internal sealed class EventSource : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly SseParser<JsonElement> _parser;
    private readonly IAsyncEnumerator<SseItem<JsonElement>> _events;

    private EventSource(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _parser = SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize<JsonElement>(data));
        _events = _parser.EnumerateAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator();
    }

    public string? LastId => _parser.LastEventId.Length == 0 ? null : _parser.LastEventId;

    public static async Task<EventSource> OpenAsync(
        Person person,
        string path,
        params (string Name, string Value)[] headers
    )
    {
        var response = await person.GetAsync(path, headers);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path} answered {(int)response.StatusCode}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new(response, await response.Content.ReadAsStreamAsync());
    }

    public async Task<(string Kind, JsonElement Data)> NextAsync()
    {
        if (!await _events.MoveNextAsync())
            throw new EndOfStreamException("the server ended the events");
        return (_events.Current.EventType, _events.Current.Data);
    }

    public async Task<List<JsonElement>> ItemsToAsync(long position)
    {
        var items = new List<JsonElement>();
        while (true)
        {
            var (kind, data) = await NextAsync();
            Assert.Equal("batch", kind);
            items.AddRange(data.Items());
            if (data.GetProperty("position").GetInt64() >= position)
                return items;
        }
    }

    public void Dispose() => _response.Dispose();
}
