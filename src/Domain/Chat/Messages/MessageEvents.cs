namespace Veza.Domain.Chat.Messages;

public abstract record MessageEvent : DomainEvent;

public sealed record MessageSent(
    Guid MessageId,
    Guid ChannelId,
    Guid AuthorId,
    [property: Personal(nameof(MessageSent.AuthorId))] string Text,
    Guid? ReplyTo
) : MessageEvent;

public sealed record MessageEdited(
    Guid MessageId,
    Guid ChannelId,
    Guid AuthorId,
    [property: Personal(nameof(MessageEdited.AuthorId))] string Text
) : MessageEvent;

public sealed record MessageDeleted(Guid MessageId, Guid ChannelId, Guid ByMemberId) : MessageEvent;

public sealed record ReactionAdded(Guid MessageId, Guid ChannelId, Guid MemberId, string Emoji) : MessageEvent;

public sealed record ReactionRemoved(Guid MessageId, Guid ChannelId, Guid MemberId, string Emoji) : MessageEvent;
