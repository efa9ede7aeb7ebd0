using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Members;

/// <summary>
/// Ends somebody's membership, if there is one, and keeps them from joining. Banning again changes nothing, unless more
/// of their messages are to be deleted.
/// </summary>
/// <param name="DeleteMessagesHours">
/// Everything they sent in the community in so many hours before now is deleted; none is null or 0,
/// <see cref="Member.DeleteMessagesHoursMax"/> at most.
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
        DateTimeOffset now
    ) => MemberModeration.Validate(Permission.BanMembers, command.MemberId, moderator, community, now);

    public static IEnumerable<MemberEvent> Handle(
        BanMember command,
        [WriteAggregate] Member? member,
        DateTimeOffset now
    )
    {
        if (member is not { Banned: true })
            yield return new MemberBanned(command.CommunityId, command.MemberId, command.ModeratorId, command.Reason);
        if (
            command.DeleteMessagesHours is > 0 and { } hours
            && now.AddHours(-hours) is var since
            && !(member?.MessagesDeletedSince <= since)
        )
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
