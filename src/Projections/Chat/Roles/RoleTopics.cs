using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Roles;

public sealed class RoleTopics : EventTopics
{
    public RoleTopics()
    {
        On<RoleCreated>(e => OfRoles(e.CommunityId));
        On<RoleChanged>(e => OfRoles(e.CommunityId));
        // A rank hides nothing.
        On<RoleMoved>(e => [Topic.Community(e.CommunityId)]);
        On<RoleDeleted>(e => OfRoles(e.CommunityId));
        On<MemberRoleGiven>(e => OfMember(e.MemberId, e.CommunityId));
        On<MemberRoleTaken>(e => OfMember(e.MemberId, e.CommunityId));
        On<OverwriteSet>(e => OfChannel(e.ChannelId, e.CommunityId));
        On<OverwriteRemoved>(e => OfChannel(e.ChannelId, e.CommunityId));
    }

    private static Topic[] OfRoles(Guid community) => [Topic.Community(community), Topic.Visibility(community)];

    private static Topic[] OfMember(Guid member, Guid community) =>
        [Topic.Account(member), Topic.Access(member), Topic.Community(community)];

    private static Topic[] OfChannel(Guid channel, Guid community) =>
        [Topic.Channel(channel), Topic.Community(community), Topic.Visibility(community)];
}
