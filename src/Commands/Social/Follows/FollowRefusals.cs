using Veza.Commands.Dispatching;

namespace Veza.Commands.Social.Follows;

public static class FollowRefusals
{
    public static readonly Refusal CannotFollowSelf = new(
        "cannot_follow_self",
        RefusalKind.Conflict,
        "an account cannot follow itself"
    );
}
