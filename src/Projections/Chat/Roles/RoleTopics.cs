using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Roles;

public sealed class RoleTopics : EventTopics
{
    public RoleTopics()
    {
        On<RoleCreated>(e => [Topic.Community(e.CommunityId)]);
        On<RoleChanged>(e => [Topic.Community(e.CommunityId)]);
        On<RoleMoved>(e => [Topic.Community(e.CommunityId)]);
        On<RoleDeleted>(e => [Topic.Community(e.CommunityId)]);
        On<MemberRoleGiven>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberRoleTaken>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
        On<OverwriteSet>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
        On<OverwriteRemoved>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
    }
}
