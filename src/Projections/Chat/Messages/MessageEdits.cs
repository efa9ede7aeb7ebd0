using Veza.Domain.Accounts;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Projections;
using Veza.EventStore;

namespace Veza.Projections.Chat.Messages;

/// <summary>Every text a message has had, the first one included.</summary>
public sealed record MessageText(Guid MessageId, long Version, Guid AuthorId, string Text, DateTimeOffset At);

public sealed class MessageEditsProjection : Projection<MessageText, (Guid MessageId, long Version)>
{
    public override string Name => "chat.message_texts.v2";

    public MessageEditsProjection()
    {
        Begins<MessageSent>((e, at) => (e.MessageId, at.Version));
        Begins<MessageEdited>((e, at) => (e.MessageId, at.Version));
        Index("author_id");
        Erases<AccountErased>(e => e.AccountId, "author_id", ("text", ""));
    }

    public static MessageText Create(MessageSent e, RecordedEvent at) => new(e.MessageId, at.Version, e.AuthorId, e.Text, at.At);
    public static MessageText Create(MessageEdited e, RecordedEvent at) => new(e.MessageId, at.Version, e.AuthorId, e.Text, at.At);
}
