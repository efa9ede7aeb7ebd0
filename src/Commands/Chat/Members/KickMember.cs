using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Members;

/// <summary>Ends a membership; the account may join again. Without a membership it changes nothing.</summary>
public sealed record KickMember(Guid CommunityId, Guid MemberId, Guid ModeratorId, string? Reason);

public sealed class KickMemberValidator : AbstractValidator<KickMember>
{
    public KickMemberValidator() => RuleFor(c => c.Reason).MustBeReason();
}

public static class KickMemberHandler
{
    public static Refusal? Validate(
        KickMember command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(KickMember.CommunityId), nameof(KickMember.ModeratorId))] Member? moderator,
        Member? member,
        DateTimeOffset now
    ) => MemberModeration.Validate(Permission.KickMembers, command.MemberId, member, moderator, community, now);

    public static IEnumerable<MemberEvent> Handle(KickMember command, [WriteAggregate] Member? member)
    {
        if (member is not { Present: true })
            yield break;
        yield return new MemberKicked(command.CommunityId, command.MemberId, command.ModeratorId, command.Reason);
        yield return new MemberLeft(command.CommunityId, command.MemberId);
    }
}
