namespace Veza.EventStore;

/// <summary>One event as it stands in the log. Immutable, shared by all readers.</summary>
public sealed class RecordedEvent(
    long position, Guid id, Guid streamId, long version, string type, DateTimeOffset at, Guid commandId, string? by, ReadOnlyMemory<byte> json, EventTypes types,
    object? data = null)
{
    private static readonly object Unknown = new();
    private object? _data = data;

    /// <summary>1, 2, 3 … over the whole log, in commit order, without a gap.</summary>
    public long Position { get; } = position;
    public Guid Id { get; } = id;
    public Guid StreamId { get; } = streamId;

    /// <summary>1, 2, 3 … within the stream.</summary>
    public long Version { get; } = version;

    /// <summary>The type's alias: <c>message_sent</c>.</summary>
    public string Type { get; } = type;

    /// <summary>When the batch was written, by the database's clock; never earlier than the event before.</summary>
    public DateTimeOffset At { get; } = at;
    public Guid CommandId { get; } = commandId;

    /// <summary>The account that issued the command; null for the system's own.</summary>
    public string? By { get; } = by;
    public ReadOnlyMemory<byte> Json { get; } = json;

    /// <summary>The event itself, read from its JSON once; null when this process does not know its type.</summary>
    public object? Data
    {
        get
        {
            var data = Volatile.Read(ref _data);
            if (data is null)
            {
                data = types.Read(Type, Json.Span) ?? Unknown;
                Volatile.Write(ref _data, data);
            }
            return ReferenceEquals(data, Unknown) ? null : data;
        }
    }

    /// <summary>Where readers that show the event keep what they made of it, so that it is made once however many look.</summary>
    public object? View { get; set; }
}
