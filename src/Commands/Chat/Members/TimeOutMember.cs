using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Members;

/// <summary>Restricts a member to reading for a time. A new end replaces the former one.</summary>
/// <param name="Until">At most <see cref="Member.TimeOutMax"/> from now.</param>
public sealed record TimeOutMember(
    Guid CommunityId,
    Guid MemberId,
    Guid ModeratorId,
    DateTimeOffset Until,
    string? Reason
);

public sealed class TimeOutMemberValidator : AbstractValidator<TimeOutMember>
{
    public TimeOutMemberValidator() => RuleFor(c => c.Reason).MustBeReason();
}

public static class TimeOutMemberHandler
{
    public static Refusal? Validate(
        TimeOutMember command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(TimeOutMember.CommunityId), nameof(TimeOutMember.ModeratorId))] Member? moderator,
        Member? member,
        DateTimeOffset now
    )
    {
        var moderation = Permission.ModerateMembers;
        if (MemberModeration.Validate(moderation, command.MemberId, member, moderator, community, now) is { } refusal)
            return refusal;
        if (member is not { Present: true })
            return Refusals.Unknown("member", command.MemberId);
        var isPossible = command.Until > now && command.Until <= now + Member.TimeOutMax;
        return isPossible ? null : ChatRefusals.TimeOutInvalid(command.Until, now);
    }

    public static IEnumerable<MemberEvent> Handle(TimeOutMember command, [WriteAggregate] Member? member)
    {
        if (member!.TimedOutUntil != command.Until)
            yield return new MemberTimedOut(
                command.CommunityId,
                command.MemberId,
                command.ModeratorId,
                command.Until,
                command.Reason
            );
    }
}
