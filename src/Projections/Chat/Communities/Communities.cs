using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Communities;

/// <summary>A community and the number of its members.</summary>
public sealed record CommunityRow(Guid Id, string Name, Guid OwnerId, int MemberCount, DateTimeOffset CreatedAt);

public sealed class CommunitiesProjection : Projection<CommunityRow, Guid>
{
    public const string ProjectionName = "chat.communities.v1";

    public override string Name => ProjectionName;

    public CommunitiesProjection()
    {
        Identity<CommunityCreated>(e => e.CommunityId);
        Identity<MemberJoined>(e => e.CommunityId);
        Identity<MemberLeft>(e => e.CommunityId);
    }

    public static CommunityRow Create(CommunityCreated e, RecordedEvent at) =>
        new(e.CommunityId, e.Name, e.OwnerId, 0, at.At);

    public static CommunityRow Apply(MemberJoined _, CommunityRow row) =>
        row with
        {
            MemberCount = row.MemberCount + 1,
        };

    public static CommunityRow Apply(MemberLeft _, CommunityRow row) => row with { MemberCount = row.MemberCount - 1 };
}
