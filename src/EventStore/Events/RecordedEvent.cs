namespace Veza.EventStore.Events;

/// <summary>One event of the log. Immutable, shared by all readers of a node, on any thread.</summary>
public sealed class RecordedEvent(
    long position,
    Guid id,
    Guid streamId,
    long version,
    string type,
    DateTimeOffset at,
    Guid commandId,
    string? by,
    ReadOnlyMemory<byte> json,
    IEventReader reader,
    object? data = null,
    string? trace = null
)
{
    private static readonly object UnknownType = new();
    private object? _data = data;
    private volatile int _revision;

    /// <summary>1, 2, 3 … over the whole log, in commit order, without a gap.</summary>
    public long Position { get; } = position;
    public Guid Id { get; } = id;
    public Guid StreamId { get; } = streamId;

    /// <summary>1, 2, 3 … within the stream.</summary>
    public long Version { get; } = version;

    /// <summary>
    /// The type's alias, which includes the schema version: <c>message_sent</c>, <c>message_sent_v2</c>.
    /// </summary>
    public string Type { get; } = type;

    /// <summary>The type's name, which all its schema versions share: readers select by it.</summary>
    /// <remarks>Looked up once: every projection and subscription of a node reads it of every event.</remarks>
    public string Name { get; } = reader.NameOf(type);

    /// <summary>When the batch was written, by the database's clock; never earlier than the event before.</summary>
    public DateTimeOffset At { get; } = at;
    public Guid CommandId { get; } = commandId;

    /// <summary>The account that issued the command; null for the system.</summary>
    public string? By { get; } = by;

    /// <summary>The <c>traceparent</c> of the request that caused it; null when its trace is not collected.</summary>
    public string? Trace { get; } = trace;

    /// <summary>As it is stored: personal texts are encrypted. Empty after <see cref="DecodeForFolds"/>.</summary>
    public ReadOnlyMemory<byte> Json { get; private set; } = json;

    /// <summary>
    /// The event in its type's current shape, decoded from its JSON once; null when its type is unknown to this
    /// process.
    /// </summary>
    /// <exception cref="System.Text.Json.JsonException">
    /// The event cannot be read; see <see cref="EventTypes.Read"/>.
    /// </exception>
    public object? Data
    {
        get
        {
            var data = Volatile.Read(ref _data);
            if (data is null)
            {
                data = reader.Read(Type, Json.Span, Id) ?? UnknownType;
                Volatile.Write(ref _data, data);
            }
            return ReferenceEquals(data, UnknownType) ? null : data;
        }
    }

    /// <summary>
    /// Decodes <see cref="Data"/> and drops the JSON, before any other thread has the event. An event that cannot be
    /// read keeps its JSON, and throws where it is used.
    /// </summary>
    internal void DecodeForFolds()
    {
        try
        {
            _ = Data;
            Json = default;
        }
        catch (System.Text.Json.JsonException)
        { /* Thrown again where the event is used. */
        }
    }

    /// <summary>
    /// Rises when personal data in the event is erased: what was derived from <see cref="Data"/> under another revision
    /// must be made again.
    /// </summary>
    public int Revision => _revision;

    /// <summary>Drops the decoded data, to be decoded again without personal data that was erased since.</summary>
    internal void Forget()
    {
        Volatile.Write(ref _data, null);
        _revision++;
    }
}
