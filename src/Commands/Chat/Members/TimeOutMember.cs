using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Members;

/// <summary>Leaves a member nothing but reading, for a time. Another end replaces the one before.</summary>
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
    ) =>
        MemberModeration.Validate(Permission.ModerateMembers, command.MemberId, moderator, community, now)
        ?? (
            member is not { Present: true } ? Refusals.Unknown("member", command.MemberId)
            : command.Until <= now || command.Until > now + Member.TimeOutMax
                ? ChatRefusals.TimeOutInvalid(command.Until, now)
            : null
        );

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
