using Marten;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;

namespace Veza.Projections.Chat.Messages;

/// <summary>One text of a message.</summary>
public sealed record MessageEditView(long Version, string Text, DateTimeOffset At);

/// <summary>
/// Reads a message's history from its stream in the log; a table would only copy it.
/// </summary>
public sealed class MessageStreams(EventLog log, IDocumentStore store)
{
    /// <summary>Every text of the message.</summary>
    /// <param name="upTo">The last position to read.</param>
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

    /// <summary>Finds where a page that begins at the message begins, also at a deleted one.</summary>
    /// <param name="upTo">The last position to read.</param>
    /// <returns>The position of its sending; null when it was never in the channel.</returns>
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
