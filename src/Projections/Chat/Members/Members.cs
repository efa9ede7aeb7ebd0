using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Members;

/// <summary>A current membership.</summary>
/// <param name="Position">The position of the joining.</param>
public sealed record CommunityMemberRow(Guid CommunityId, Guid MemberId, DateTimeOffset JoinedAt, long Position);

public sealed class MembersProjection : Projection<CommunityMemberRow, (Guid CommunityId, Guid MemberId)>
{
    public const string ProjectionName = "chat.members.v1";

    public override string Name => ProjectionName;

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
