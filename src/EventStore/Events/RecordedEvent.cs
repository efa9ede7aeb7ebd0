namespace Veza.EventStore.Events;

/// <summary>One event as it stands in the log. Immutable, shared by all readers.</summary>
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
    object? data = null
)
{
    private static readonly object Unknown = new();
    private object? _data = data;
    private volatile int _revision;

    /// <summary>1, 2, 3 … over the whole log, in commit order, without a gap.</summary>
    public long Position { get; } = position;
    public Guid Id { get; } = id;
    public Guid StreamId { get; } = streamId;

    /// <summary>1, 2, 3 … within the stream.</summary>
    public long Version { get; } = version;

    /// <summary>
    /// The type's alias, which tells the schema version too: <c>message_sent</c>, <c>message_sent_v2</c>.
    /// </summary>
    public string Type { get; } = type;

    /// <summary>What readers select by: the type's name, which all its schema versions share.</summary>
    /// <remarks>Looked up once: every projection and subscription of a node asks every event for it.</remarks>
    public string Name { get; } = reader.NameOf(type);

    /// <summary>When the batch was written, by the database's clock; never earlier than the event before.</summary>
    public DateTimeOffset At { get; } = at;
    public Guid CommandId { get; } = commandId;

    /// <summary>The account that issued the command; null for the system's own.</summary>
    public string? By { get; } = by;

    /// <summary>As it is stored: what is personal in it is sealed. Empty once it was let go.</summary>
    public ReadOnlyMemory<byte> Json { get; private set; } = json;

    /// <summary>
    /// The event itself in its type's current shape, read from its JSON once; null when this process does not know its
    /// type.
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
                data = reader.Read(Type, Json.Span, Id) ?? Unknown;
                Volatile.Write(ref _data, data);
            }
            return ReferenceEquals(data, Unknown) ? null : data;
        }
    }

    /// <summary>
    /// Reads <see cref="Data"/> and lets the JSON go, before anybody else has the event. One that cannot be read keeps
    /// it, and tells whoever needs it.
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

    /// <summary>Lets go of what was made of the JSON, to be made again without what was erased since.</summary>
    internal void Forget()
    {
        Volatile.Write(ref _data, null);
        _revision++;
    }
}
