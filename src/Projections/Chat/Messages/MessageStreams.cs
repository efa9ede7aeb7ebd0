using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Reading;

namespace Veza.Projections.Chat.Messages;

public sealed record MessageEdit(long Version, string Text, DateTimeOffset At);

/// <summary>What the log itself says of a message, in the message's own stream; a table would only say it again.</summary>
public sealed class MessageStreams(EventLog log)
{
    /// <summary>Every text the message has had.</summary>
    /// <param name="upTo">The last position to look at.</param>
    /// <returns>Oldest first.</returns>
    public async Task<List<MessageEdit>> TextsAsync(Guid message, long upTo, CancellationToken ct)
    {
        var query = new LogQuery(UpTo: upTo) { Stream = message, Types = log.Types.AliasesOf(typeof(MessageSent), typeof(MessageEdited)) };
        List<MessageEdit> texts = [];
        await foreach (var e in log.Reader.ReadAllAsync(query, ct))
        {
            if (e.Data is MessageSent sent) texts.Add(new(e.Version, sent.Text, e.At));
            else if (e.Data is MessageEdited edited) texts.Add(new(e.Version, edited.Text, e.At));
        }
        return texts;
    }

    /// <param name="upTo">The last position to look at.</param>
    /// <returns>Where the message was sent, even one that is deleted, so that a page can begin there; null when the channel never had it.</returns>
    public async Task<long?> SentAtAsync(Guid channel, Guid message, long upTo, CancellationToken ct)
    {
        var first = await log.Reader.ReadAsync(new(UpTo: upTo) { Stream = message, Types = log.Types.AliasesOf(typeof(MessageSent)) }, 1, ct);
        return first is [{ Data: MessageSent sent, Position: var position }] && sent.ChannelId == channel ? position : null;
    }
}
