using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Members;

public sealed record CommunityMemberRow(Guid CommunityId, Guid MemberId, DateTimeOffset JoinedAt, long Position);

public sealed class MembersProjection : Projection<CommunityMemberRow, (Guid CommunityId, Guid MemberId)>
{
    public override string Name => "chat.members.v1";

    public MembersProjection()
    {
        Identity<MemberJoined>(e => (e.CommunityId, e.MemberId));
        Identity<MemberLeft>(e => (e.CommunityId, e.MemberId));
        Index("community_id, position");
        Index("member_id");
    }

    public static CommunityMemberRow Create(MemberJoined e, RecordedEvent at) =>
        new(e.CommunityId, e.MemberId, at.At, at.Position);

    public static CommunityMemberRow? Apply(MemberLeft _, CommunityMemberRow row) => null;
}
