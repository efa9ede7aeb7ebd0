using System.Text.Json;
using System.Text.Json.Serialization;

namespace Veza.Realtime.Engine;

/// <summary>
/// A message of a subscription; clients distinguish them by <see cref="Kind"/>. All except batches, charts, levels,
/// <see cref="TopicsClosed"/> and <see cref="ChannelsChanged"/> end the subscription.
/// </summary>
public abstract record LiveMessage(string Kind)
{
    /// <summary>The next items of the subscription.</summary>
    /// <param name="Epoch">The log's epoch. A client resumes with it and the position.</param>
    /// <param name="Previous">The position the client has; a different one means that it lost a batch.</param>
    /// <param name="Position">The client now has every item of the subscription up to here.</param>
    /// <param name="Items">Oldest first; empty when only the position moved.</param>
    public sealed record Batch(string Epoch, long Previous, long Position, IReadOnlyList<LiveItem> Items)
        : Shared("batch");

    /// <summary>
    /// The current loudness of a broadcast. It is no event: it moves no position, is not resumed, and only the newest
    /// matters.
    /// </summary>
    /// <param name="At">When the meter was read.</param>
    /// <param name="SamplePeakDbfs">The largest sample since the previous level; null while unmetered.</param>
    /// <param name="MomentaryLufs">Loudness of the last 400 ms; null while unmetered.</param>
    /// <param name="Unmetered">Why there is no value: <c>channel_mapping</c> or <c>too_many</c>; else null.</param>
    public sealed record BroadcastLevel(
        Guid BroadcastId,
        DateTimeOffset At,
        double? SamplePeakDbfs,
        double? MomentaryLufs,
        string? Unmetered = null
    ) : Shared("level");

    /// <summary>A message that many subscriptions send unchanged.</summary>
    public abstract record Shared(string Kind) : LiveMessage(Kind)
    {
        private byte[]? _json;

        /// <summary>The whole message in UTF-8, on one line; written once.</summary>
        public ReadOnlySpan<byte> Json
        {
            get
            {
                if (Volatile.Read(ref _json) is { } made)
                    return made;
                var written = PooledJson.Write(this, static (json, message) => message.WriteTo(json));
                return Interlocked.CompareExchange(ref _json, written, null) ?? _json;
            }
        }
    }

    /// <summary>The client is too far behind: it must fetch the state again and subscribe from the head.</summary>
    public sealed record FellBehind(string Epoch, long Head) : LiveMessage("fellBehind");

    /// <summary>
    /// A failover or a restore forked the log's history: positions of the other epoch mean nothing here.
    /// </summary>
    public sealed record EpochChanged(string Epoch, long Head) : LiveMessage("epochChanged");

    /// <summary>The subscription continues without these topics.</summary>
    /// <param name="Reason">
    /// <c>membership_ended</c>, <c>permission_ended</c> or <c>channel_deleted</c>.
    /// </param>
    /// <param name="Position">The client gets none of their items after it.</param>
    public sealed record TopicsClosed(string Reason, long Position, IReadOnlyList<string> Topics)
        : LiveMessage("topicsClosed");

    /// <summary>
    /// The caller may see other channels of a community than before: a client reads their list again. It follows a
    /// change of roles or overwrites that concerns the caller.
    /// </summary>
    /// <param name="Position">Of the change.</param>
    public sealed record ChannelsChanged(Guid CommunityId, long Position) : LiveMessage("channelsChanged");

    /// <summary>The server ended the subscription.</summary>
    /// <param name="Reason">
    /// <c>server_stopping</c>, <c>session_ended</c>, <c>membership_ended</c>, <c>permission_ended</c> or
    /// <c>channel_deleted</c>.
    /// </param>
    public sealed record Closed(string Reason) : LiveMessage("closed");

    /// <summary>
    /// The current chart. It is complete by itself: it is not resumed, and only the newest matters.
    /// </summary>
    /// <param name="Position">The chart includes every play counted up to here.</param>
    /// <param name="At">The moment that the chart is computed for.</param>
    /// <param name="Chart"><c>{chart,span,genre,items}</c> in UTF-8. All receivers share the array.</param>
    public sealed record ChartChanged(string Epoch, long Position, DateTimeOffset At, byte[] Chart)
        : LiveMessage("chart");

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind"u8, Kind);
        switch (this)
        {
            case Batch batch:
                json.WriteString("epoch"u8, batch.Epoch);
                json.WriteNumber("previous"u8, batch.Previous);
                json.WriteNumber("position"u8, batch.Position);
                json.WriteStartArray("items"u8);
                foreach (var item in batch.Items)
                    json.WriteRawValue(item.Json, skipInputValidation: true);
                json.WriteEndArray();
                break;
            case BroadcastLevel level:
                json.WriteString("broadcastId"u8, level.BroadcastId);
                json.WriteString("at"u8, level.At.UtcDateTime);
                Write(json, "samplePeakDbfs"u8, level.SamplePeakDbfs);
                Write(json, "momentaryLufs"u8, level.MomentaryLufs);
                json.WriteString("unmetered"u8, level.Unmetered);
                break;
            case FellBehind behind:
                json.WriteString("epoch"u8, behind.Epoch);
                json.WriteNumber("head"u8, behind.Head);
                break;
            case EpochChanged changed:
                json.WriteString("epoch"u8, changed.Epoch);
                json.WriteNumber("head"u8, changed.Head);
                break;
            case TopicsClosed dropped:
                json.WriteString("reason"u8, dropped.Reason);
                json.WriteNumber("position"u8, dropped.Position);
                json.WriteStartArray("topics"u8);
                foreach (var topic in dropped.Topics)
                    json.WriteStringValue(topic);
                json.WriteEndArray();
                break;
            case ChannelsChanged changed:
                json.WriteString("communityId"u8, changed.CommunityId);
                json.WriteNumber("position"u8, changed.Position);
                break;
            case ChartChanged changed:
                json.WriteString("epoch"u8, changed.Epoch);
                json.WriteNumber("position"u8, changed.Position);
                json.WriteString("at"u8, changed.At.UtcDateTime);
                json.WritePropertyName("chart"u8);
                json.WriteRawValue(changed.Chart, skipInputValidation: true);
                break;
            case Closed closed:
                json.WriteString("reason"u8, closed.Reason);
                break;
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }
}

/// <summary>Writes messages for SignalR's JSON protocol, without serialising their items again.</summary>
public sealed class LiveMessageConverter : JsonConverter<LiveMessage>
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsAssignableTo(typeof(LiveMessage));

    public override void Write(Utf8JsonWriter writer, LiveMessage value, JsonSerializerOptions options) =>
        value.WriteTo(writer);

    public override LiveMessage Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("live messages are only sent");
}
