using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Communities;

public sealed record CommunityView(Guid Id, string Name, Guid OwnerId, int MemberCount, DateTimeOffset CreatedAt);

public sealed class CommunitiesProjection : Projection<CommunityView, Guid>
{
    public override string Name => "chat.communities.v1";

    public CommunitiesProjection()
    {
        Identity<CommunityCreated>(e => e.CommunityId);
        Identity<MemberJoined>(e => e.CommunityId);
        Identity<MemberLeft>(e => e.CommunityId);
    }

    public static CommunityView Create(CommunityCreated e, RecordedEvent at) =>
        new(e.CommunityId, e.Name, e.OwnerId, 0, at.At);

    public static CommunityView Apply(MemberJoined _, CommunityView row) =>
        row with
        {
            MemberCount = row.MemberCount + 1,
        };

    public static CommunityView Apply(MemberLeft _, CommunityView row) =>
        row with
        {
            MemberCount = row.MemberCount - 1,
        };
}
