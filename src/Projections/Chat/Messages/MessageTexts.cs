using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Reading;

namespace Veza.Projections.Chat.Messages;

public sealed record MessageEdit(long Version, string Text, DateTimeOffset At);

/// <summary>Every text a message has had. The log has them, in the message's own stream; a table would only say them again.</summary>
public sealed class MessageTexts(EventLog log)
{
    /// <param name="upTo">The last position to look at.</param>
    /// <returns>Oldest first.</returns>
    public async Task<List<MessageEdit>> ListAsync(Guid message, long upTo, CancellationToken ct)
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
}
