using System.Text.Json;
using Veza.EventStore.Events;

namespace Veza.Realtime;

/// <summary>
/// An event as subscribers see it. An event in memory has one (<see cref="LiveItems"/>); its JSON is made once, when the
/// first subscriber needs it.
/// </summary>
public sealed class LiveItem
{
    private readonly RecordedEvent _event;
    private readonly int _revision;
    private readonly EventJson _writer;
    private readonly EventTopics.Declaration? _declared;
    private byte[]? _json;

    internal LiveItem(RecordedEvent e, TopicMap map, EventJson writer)
    {
        _event = e;
        _revision = e.Revision;
        _writer = writer;
        _declared = map.Find(e);
        Topics = map.TopicsOf(e);
    }

    public long Position => _event.Position;

    /// <summary>Every topic the event is on, except the log, on which all are.</summary>
    public Topic[] Topics { get; }

    /// <summary>
    /// <c>{position,type,topics,at,by,data}</c> in UTF-8, on one line. The same array for whoever receives it.
    /// </summary>
    public byte[] Json
    {
        get
        {
            if (Volatile.Read(ref _json) is { } made)
                return made;
            return Interlocked.CompareExchange(
                ref _json,
                PooledJson.Write(this, static (json, item) => item.WriteTo(json)),
                null
            ) ?? _json;
        }
    }

    /// <summary>Personal data in the event was erased since: another item takes this one's place.</summary>
    internal bool IsStale => _event.Revision != _revision;

    // Or whoever resumes before such an event would meet it again for ever.
    private ReadOnlyMemory<byte> Data()
    {
        try
        {
            return _declared?.Item is { } item ? _writer.Item(item(_event.Data!)) : _writer.Data(_event);
        }
        catch (Exception)
        {
            return EventJson.Withheld;
        }
    }

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("position"u8, Position);
        json.WriteString("type"u8, _writer.CamelCase(_event.Type));
        json.WriteStartArray("topics"u8);
        foreach (var topic in Topics)
            if (topic.IsPublic)
                json.WriteStringValue(topic.ToString());
        json.WriteEndArray();
        json.WriteString("at"u8, _event.At.UtcDateTime);
        EventJson.WriteBy(json, _declared is { Anonymous: true } ? null : _event.By);
        json.WritePropertyName("data"u8);
        json.WriteRawValue(Data().Span, skipInputValidation: true);
        json.WriteEndObject();
    }
}
