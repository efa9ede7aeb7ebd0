using Marten;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;

namespace Veza.Projections.Chat.Messages;

public sealed record MessageEditView(long Version, string Text, DateTimeOffset At);

/// <summary>
/// What the log itself says of a message, in the message's own stream; a table would only say it again.
/// </summary>
public sealed class MessageStreams(EventLog log, IDocumentStore store)
{
    /// <summary>Every text the message has had.</summary>
    /// <param name="upTo">The last position to look at.</param>
    /// <returns>Oldest first.</returns>
    public async Task<List<MessageEditView>> TextsAsync(Guid message, long upTo, CancellationToken ct)
    {
        var types = log.Types.AliasesOf(typeof(MessageSent), typeof(MessageEdited));
        await using var session = store.QuerySession();
        var events = await session
            .Events.QueryAllRawEvents()
            .Where(e => e.StreamId == message && e.Sequence <= upTo && e.EventTypeName.IsOneOf(types))
            .OrderBy(e => e.Version)
            .ToListAsync(ct);
        return
        [
            .. events.Select(e => new MessageEditView(
                e.Version,
                e.Data is MessageSent sent ? sent.Text : ((MessageEdited)e.Data).Text,
                e.Timestamp
            )),
        ];
    }

    /// <param name="upTo">The last position to look at.</param>
    /// <returns>
    /// Where the message was sent, even one that is deleted, so that a page can begin there; null when the channel
    /// never had it.
    /// </returns>
    public async Task<long?> SentAtAsync(Guid channel, Guid message, long upTo, CancellationToken ct)
    {
        var first = await log.Reader.ReadAsync(
            new(UpTo: upTo) { Stream = message, Types = log.Types.AliasesOf(typeof(MessageSent)) },
            1,
            ct
        );
        return first is [{ Data: MessageSent sent, Position: var position }] && sent.ChannelId == channel
            ? position
            : null;
    }
}
