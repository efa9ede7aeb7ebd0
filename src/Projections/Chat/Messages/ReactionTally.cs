using Veza.Domain.Chat.Messages;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Messages;

/// <summary>How many members reacted to a message with one emoji.</summary>
/// <param name="Since">The position of the emoji's first reaction, which orders a message's emoji.</param>
public sealed record ReactionTallyRow(Guid MessageId, string Emoji, int Count, long Since);

public sealed class ReactionTallyProjection : Projection<ReactionTallyRow, (Guid MessageId, string Emoji)>
{
    public const string ProjectionName = "chat.reaction_tally.v1";

    public override string Name => ProjectionName;

    public ReactionTallyProjection()
    {
        Identity<ReactionAdded>(e => (e.MessageId, e.Emoji));
        Identity<ReactionRemoved>(e => (e.MessageId, e.Emoji));
    }

    public static ReactionTallyRow Create(ReactionAdded e, RecordedEvent at) =>
        new(e.MessageId, e.Emoji, 1, at.Position);

    public static ReactionTallyRow Apply(ReactionAdded _, ReactionTallyRow row) => row with { Count = row.Count + 1 };

    public static ReactionTallyRow? Apply(ReactionRemoved _, ReactionTallyRow row) =>
        row.Count > 1 ? row with { Count = row.Count - 1 } : null;
}
