using System.Collections.Immutable;

namespace Veza.Domain.Chat.Messages;

public sealed record Reaction(Guid MemberId, string Emoji);

/// <summary>A message, as far as decisions need it. Read models hold its form for readers.</summary>
public sealed record Message(
    Guid Id,
    Guid ChannelId,
    Guid AuthorId,
    [property: Personal(nameof(Message.AuthorId))] string Text,
    ImmutableHashSet<Reaction> Reactions,
    bool Deleted
)
{
    /// <summary>Different emoji on one message, as on Discord. More would not fit below it.</summary>
    public const int EmojiMax = 20;

    public static Message Create(MessageSent e) =>
        new(e.MessageId, e.ChannelId, e.AuthorId, e.Text, [], Deleted: false);

    public Message Apply(MessageEdited e) => this with { Text = e.Text };

    public Message Apply(MessageDeleted _) => this with { Deleted = true };

    public Message Apply(ReactionAdded e) => this with { Reactions = Reactions.Add(new(e.MemberId, e.Emoji)) };

    public Message Apply(ReactionRemoved e) => this with { Reactions = Reactions.Remove(new(e.MemberId, e.Emoji)) };

    public bool HasRoomFor(string emoji) =>
        Reactions.Any(r => r.Emoji == emoji) || Reactions.Select(r => r.Emoji).Distinct().Count() < EmojiMax;
}
