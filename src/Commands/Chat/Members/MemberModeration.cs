using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;

namespace Veza.Commands.Chat.Members;

/// <summary>The rules that kicks, bans and time-outs share.</summary>
internal static class MemberModeration
{
    public static Refusal? Validate(
        Permission needed,
        Guid target,
        Member? moderator,
        Community community,
        DateTimeOffset now
    ) =>
        ChatRefusals.Unless(needed, moderator, community, now)
        ?? (target == community.OwnerId ? ChatRefusals.OwnerProtected : null);

    public static void MustBeReason<T>(this IRuleBuilder<T, string?> rule) =>
        rule.MustHoldNoControls().MaximumLength(Member.ReasonMax);
}
