using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Messages;

/// <summary>Where each message stands in the log. It outlives the message's text, so that a reader can page on from one that was deleted meanwhile.</summary>
public sealed record MessagePlace(Guid MessageId, Guid ChannelId, long Position);

public sealed class MessagePlacesProjection : Projection<MessagePlace, Guid>
{
    public override string Name => "chat.message_places.v1";

    public MessagePlacesProjection()
    {
        Begins<MessageSent>((e, _) => e.MessageId);
        Index("channel_id, position");
    }

    public static MessagePlace Create(MessageSent e, RecordedEvent at) => new(e.MessageId, e.ChannelId, at.Position);
}
