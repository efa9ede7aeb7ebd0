using Veza.Domain.Chat.Members;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Members;

public sealed class MemberTopics : EventTopics
{
    public MemberTopics()
    {
        On<MemberJoined>(e => [Topic.Account(e.MemberId), Topic.Access(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberLeft>(e => [Topic.Account(e.MemberId), Topic.Access(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberKicked>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberBanned>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberUnbanned>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberTimedOut>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
        On<MemberTimeOutEnded>(e => [Topic.Account(e.MemberId), Topic.Community(e.CommunityId)]);
    }
}
