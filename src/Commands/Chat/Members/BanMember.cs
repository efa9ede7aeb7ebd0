using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Members;

/// <summary>Ends somebody's membership, if there is one, and keeps them from joining. Banning again changes nothing.</summary>
public sealed record BanMember(Guid CommunityId, Guid MemberId, Guid ModeratorId, string? Reason);

public sealed class BanMemberValidator : AbstractValidator<BanMember>
{
    public BanMemberValidator() => RuleFor(c => c.Reason).MustBeReason();
}

public static class BanMemberHandler
{
    public static Refusal? Validate(BanMember command, [ReadModel] Community community, [ReadModel] Member? moderator, DateTimeOffset now) =>
        MemberModeration.Validate(Permission.BanMembers, command.MemberId, moderator, community, now);

    public static IEnumerable<MemberEvent> Handle(BanMember command, [WriteModel] Member? member)
    {
        if (member is not { Banned: true }) yield return new MemberBanned(command.CommunityId, command.MemberId, command.ModeratorId, command.Reason);
        if (member is { Present: true }) yield return new MemberLeft(command.CommunityId, command.MemberId);
    }
}
