using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Members;

/// <summary>
/// Ends an account's membership, if there is one, and keeps the account from joining. Banning again changes nothing,
/// unless it deletes more messages.
/// </summary>
/// <param name="DeleteMessagesHours">
/// Deletes the account's messages in the community of this many past hours, at most
/// <see cref="Member.DeleteMessagesHoursMax"/>. Null or 0 deletes none.
/// </param>
public sealed record BanMember(
    Guid CommunityId,
    Guid MemberId,
    Guid ModeratorId,
    string? Reason,
    int? DeleteMessagesHours = null
);

public sealed class BanMemberValidator : AbstractValidator<BanMember>
{
    public BanMemberValidator()
    {
        RuleFor(c => c.Reason).MustBeReason();
        RuleFor(c => c.DeleteMessagesHours)
            .InclusiveBetween(0, Member.DeleteMessagesHoursMax)
            .WithMessage($"{{PropertyName}} is {{PropertyValue}}; 0 to {Member.DeleteMessagesHoursMax} are allowed");
    }
}

public static class BanMemberHandler
{
    public static Refusal? Validate(
        BanMember command,
        [ReadAggregate] Community community,
        [ReadAggregate(nameof(BanMember.CommunityId), nameof(BanMember.ModeratorId))] Member? moderator,
        Member? member,
        DateTimeOffset now
    ) => MemberModeration.Validate(Permission.BanMembers, command.MemberId, member, moderator, community, now);

    public static IEnumerable<MemberEvent> Handle(
        BanMember command,
        [WriteAggregate] Member? member,
        DateTimeOffset now
    )
    {
        if (member is not { Banned: true })
            yield return new MemberBanned(command.CommunityId, command.MemberId, command.ModeratorId, command.Reason);
        var hours = command.DeleteMessagesHours ?? 0;
        var since = now.AddHours(-hours);
        if (hours > 0 && !(member?.MessagesDeletedSince <= since))
            yield return new MemberMessagesDeletionOrdered(
                command.CommunityId,
                command.MemberId,
                command.ModeratorId,
                since
            );
        if (member is { Present: true })
            yield return new MemberLeft(command.CommunityId, command.MemberId);
    }
}
