using Veza.Commands.Dispatching;

namespace Veza.Commands.Social.Follows;

/// <summary>The refusals of commands about follows.</summary>
public static class FollowRefusals
{
    public static readonly Refusal CannotFollowSelf = new(
        "cannot_follow_self",
        RefusalKind.Conflict,
        "an account cannot follow itself"
    );
}
