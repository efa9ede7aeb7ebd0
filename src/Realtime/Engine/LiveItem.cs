using System.Text.Json;
using Veza.EventStore.Events;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// An event as clients see it. An event in memory has one (<see cref="LiveItems"/>), and its JSON is written once, when
/// the first subscriber needs it. Any thread may call it.
/// </summary>
public sealed class LiveItem
{
    private readonly RecordedEvent _event;
    private readonly int _revision;
    private readonly EventJson _writer;
    private readonly ItemShape? _shape;
    private byte[]? _json;
    private int _pushed;

    internal LiveItem(RecordedEvent e, TopicMap map, ItemShapes shapes, EventJson writer)
    {
        _event = e;
        _revision = e.Revision;
        _writer = writer;
        _shape = shapes.Find(e);
        Topics = map.TopicsOf(e);
    }

    public long Position => _event.Position;

    /// <summary>Every topic the event is on, except the log, which has all events.</summary>
    public Topic[] Topics { get; }

    /// <summary>
    /// <c>{position,type,topics,at,by,data}</c> in UTF-8, on one line. All receivers share the array.
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

    /// <summary>The event, for the first caller alone: a node's push of an event is in its trace once.</summary>
    internal RecordedEvent? TakeFirstPush() => Interlocked.Exchange(ref _pushed, 1) == 0 ? _event : null;

    /// <summary>Whether personal data in the event was erased since; another item then replaces this one.</summary>
    internal bool IsStale => _event.Revision != _revision;

    // An event that cannot be shown is sent without its data: failing here would stop every client that resumes before
    // it, for ever.
    private ReadOnlyMemory<byte> Data()
    {
        try
        {
            return _shape is { } shape ? _writer.Item(shape.Data(_event.Data!)) : _writer.Data(_event);
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
        EventJson.WriteBy(json, _shape is { Anonymous: true } ? null : _event.By);
        json.WritePropertyName("data"u8);
        json.WriteRawValue(Data().Span, skipInputValidation: true);
        json.WriteEndObject();
    }
}
