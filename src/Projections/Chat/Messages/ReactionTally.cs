using Veza.Domain.Chat.Messages;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Messages;

/// <summary>How often each emoji stands on a message.</summary>
/// <param name="Since">Position of the first of them: emoji stand in the order in which they came.</param>
public sealed record ReactionTallyRow(Guid MessageId, string Emoji, int Count, long Since);

public sealed class ReactionTallyProjection : Projection<ReactionTallyRow, (Guid MessageId, string Emoji)>
{
    public override string Name => "chat.reaction_tally.v1";

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

/// <summary>Who put which emoji on a message.</summary>
public sealed record MemberReactionRow(Guid MessageId, string Emoji, Guid MemberId);

public sealed class MemberReactionsProjection
    : Projection<MemberReactionRow, (Guid MessageId, string Emoji, Guid MemberId)>
{
    public override string Name => "chat.reactions.v1";

    public MemberReactionsProjection()
    {
        Identity<ReactionAdded>(e => (e.MessageId, e.Emoji, e.MemberId));
        Identity<ReactionRemoved>(e => (e.MessageId, e.Emoji, e.MemberId));
    }

    public static MemberReactionRow Create(ReactionAdded e) => new(e.MessageId, e.Emoji, e.MemberId);

    public static MemberReactionRow? Apply(ReactionRemoved _, MemberReactionRow row) => null;
}
