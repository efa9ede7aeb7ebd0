using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Messages;

/// <summary>Every text a message has had, the first one included.</summary>
public sealed record MessageText(Guid MessageId, long Version, string Text, DateTimeOffset At);

public sealed class MessageEditsProjection : Projection<MessageText, (Guid MessageId, long Version)>
{
    public override string Name => "chat.message_texts.v1";

    public MessageEditsProjection()
    {
        Identity<MessageSent>((e, at) => (e.MessageId, at.Version));
        Identity<MessageEdited>((e, at) => (e.MessageId, at.Version));
    }

    public static MessageText Create(MessageSent e, RecordedEvent at) => new(e.MessageId, at.Version, e.Text, at.At);
    public static MessageText Create(MessageEdited e, RecordedEvent at) => new(e.MessageId, at.Version, e.Text, at.At);
}
