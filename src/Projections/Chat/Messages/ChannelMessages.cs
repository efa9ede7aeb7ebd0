using Veza.Domain.Accounts;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Messages;

/// <summary>A message as its channel shows it; a deleted one is gone.</summary>
/// <param name="Position">Of its sending: the order within the channel, for everybody.</param>
public sealed record ChannelMessageRow(
    Guid MessageId,
    Guid ChannelId,
    Guid AuthorId,
    string Text,
    Guid? ReplyTo,
    DateTimeOffset SentAt,
    DateTimeOffset? EditedAt,
    int Edits,
    long Position,
    long Version
);

public sealed class ChannelMessagesProjection : Projection<ChannelMessageRow, Guid>
{
    public override string Name => "chat.messages.v1";

    public ChannelMessagesProjection()
    {
        Begins<MessageSent>((e, _) => e.MessageId);
        Identity<MessageEdited>(e => e.MessageId);
        Identity<MessageDeleted>(e => e.MessageId);
        Index("channel_id, position");
        Index("author_id");
        Erases<AccountErased>(e => e.AccountId, "author_id", ("text", ""));
    }

    public static ChannelMessageRow Create(MessageSent e, RecordedEvent at) =>
        new(e.MessageId, e.ChannelId, e.AuthorId, e.Text, e.ReplyTo, at.At, null, 0, at.Position, at.Version);

    public static ChannelMessageRow Apply(MessageEdited e, ChannelMessageRow row, RecordedEvent at) =>
        row with
        {
            Text = e.Text,
            EditedAt = at.At,
            Edits = row.Edits + 1,
            Version = at.Version,
        };

    public static ChannelMessageRow? Apply(MessageDeleted _, ChannelMessageRow row) => null;
}
