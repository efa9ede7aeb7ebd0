using Veza.Domain.Accounts;
using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Members;

public enum SanctionKind
{
    Ban,
    TimeOut,
}

/// <param name="Until">Of a time-out; a ban lasts until it is taken back.</param>
public sealed record SanctionRow(
    Guid CommunityId,
    Guid MemberId,
    SanctionKind Kind,
    Guid ByMemberId,
    string? Reason,
    DateTimeOffset? Until,
    DateTimeOffset At,
    long Position
);

public sealed class SanctionsProjection : Projection<SanctionRow, (Guid CommunityId, Guid MemberId, SanctionKind Kind)>
{
    public override string Name => "chat.sanctions.v1";

    public SanctionsProjection()
    {
        Identity<MemberBanned>(e => (e.CommunityId, e.MemberId, SanctionKind.Ban));
        Identity<MemberUnbanned>(e => (e.CommunityId, e.MemberId, SanctionKind.Ban));
        Identity<MemberTimedOut>(e => (e.CommunityId, e.MemberId, SanctionKind.TimeOut));
        Identity<MemberTimeOutEnded>(e => (e.CommunityId, e.MemberId, SanctionKind.TimeOut));
        Index("community_id, position");
        Erases<AccountErased>(e => e.AccountId, "by_member_id", ("reason", null));
    }

    public static SanctionRow Create(MemberBanned e, RecordedEvent at) =>
        new(e.CommunityId, e.MemberId, SanctionKind.Ban, e.ByMemberId, e.Reason, null, at.At, at.Position);

    public static SanctionRow Create(MemberTimedOut e, RecordedEvent at) =>
        new(e.CommunityId, e.MemberId, SanctionKind.TimeOut, e.ByMemberId, e.Reason, e.Until, at.At, at.Position);

    public static SanctionRow Apply(MemberTimedOut e, SanctionRow row, RecordedEvent at) =>
        row with
        {
            ByMemberId = e.ByMemberId,
            Reason = e.Reason,
            Until = e.Until,
            At = at.At,
            Position = at.Position,
        };

    public static SanctionRow? Apply(MemberUnbanned _, SanctionRow row) => null;

    public static SanctionRow? Apply(MemberTimeOutEnded _, SanctionRow row) => null;
}
