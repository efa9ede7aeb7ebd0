using Veza.Domain.Chat.Messages;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Messages;

/// <summary>One member's reaction to a message.</summary>
public sealed record MemberReactionRow(Guid MessageId, string Emoji, Guid MemberId);

public sealed class MemberReactionsProjection
    : Projection<MemberReactionRow, (Guid MessageId, string Emoji, Guid MemberId)>
{
    public const string ProjectionName = "chat.reactions.v1";

    public override string Name => ProjectionName;

    public MemberReactionsProjection()
    {
        Identity<ReactionAdded>(e => (e.MessageId, e.Emoji, e.MemberId));
        Identity<ReactionRemoved>(e => (e.MessageId, e.Emoji, e.MemberId));
    }

    public static MemberReactionRow Create(ReactionAdded e) => new(e.MessageId, e.Emoji, e.MemberId);

    public static MemberReactionRow? Apply(ReactionRemoved _, MemberReactionRow row) => null;
}
