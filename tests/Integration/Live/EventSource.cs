using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Live;

/// <summary>Server-sent events as a person gets them.</summary>
internal sealed class EventSource(HttpResponseMessage response, StreamReader lines) : IDisposable
{
    public string? LastId { get; private set; }

    public static async Task<EventSource> OpenAsync(Person person, string path, params (string Name, string Value)[] headers)
    {
        var response = await person.GetAsync(path, headers);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path} answered {(int)response.StatusCode}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new(response, new(await response.Content.ReadAsStreamAsync()));
    }

    public async Task<(string Kind, JsonElement Data)> NextAsync()
    {
        var kind = "message";
        JsonElement? data = null;
        while (true)
        {
            var line = await lines.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new EndOfStreamException("the server ended the events");
            if (line.StartsWith("id: ", StringComparison.Ordinal)) LastId = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal)) kind = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = JsonDocument.Parse(line[6..]).RootElement;
            else if (line.Length == 0 && data is { } whole) return (kind, whole);
        }
    }

    public async Task<List<JsonElement>> ItemsToAsync(long position)
    {
        var items = new List<JsonElement>();
        while (true)
        {
            var (kind, data) = await NextAsync();
            Assert.Equal("batch", kind);
            items.AddRange(data.Items());
            if (data.GetProperty("position").GetInt64() >= position) return items;
        }
    }

    public void Dispose() => response.Dispose();
}
