using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Commands.Chat.Members;

/// <summary>The rules that kicks, bans and time-outs share.</summary>
internal static class MemberModeration
{
    public static Refusal? Validate(
        Permission needed,
        Guid targetId,
        Member? target,
        Member? moderator,
        Community community,
        DateTimeOffset now
    )
    {
        if (ChatRefusals.Unless(needed, moderator, community, now) is { } refusal)
            return refusal;
        if (targetId == community.OwnerId)
            return ChatRefusals.OwnerProtected;
        var rank = Permissions.RankOf(moderator!, community);
        var isAbove = target is { Present: true } && Permissions.RankOf(target, community) >= rank;
        return isAbove ? ChatRefusals.MemberAbove : null;
    }

    public static void MustBeReason<T>(this IRuleBuilder<T, string?> rule) =>
        rule.MustHoldNoControls().MaximumLength(Member.ReasonMax);
}
