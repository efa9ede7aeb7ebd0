using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Members;

/// <summary>Ends a time-out early. Without a time-out it changes nothing.</summary>
public sealed record EndTimeOut(Guid CommunityId, Guid MemberId, Guid ModeratorId);

public static class EndTimeOutHandler
{
    public static Refusal? Validate(
        EndTimeOut command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(EndTimeOut.CommunityId), nameof(EndTimeOut.ModeratorId))] Member? moderator,
        Member? member,
        DateTimeOffset now
    ) => MemberModeration.Validate(Permission.ModerateMembers, command.MemberId, member, moderator, community, now);

    public static IEnumerable<MemberEvent> Handle(
        EndTimeOut command,
        [WriteAggregate] Member? member,
        DateTimeOffset now
    )
    {
        if (member?.IsTimedOut(now) == true)
            yield return new MemberTimeOutEnded(command.CommunityId, command.MemberId, command.ModeratorId);
    }
}
