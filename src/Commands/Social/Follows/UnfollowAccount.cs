using Veza.Commands.Dispatching;
using Veza.Domain.Social.Follows;

namespace Veza.Commands.Social.Follows;

/// <summary>Ends a follow. Without one it changes nothing.</summary>
public sealed record UnfollowAccount(Guid FollowerId, Guid FolloweeId);

public static class UnfollowAccountHandler
{
    public static IEnumerable<FollowEvent> Handle(UnfollowAccount command, [WriteAggregate] Follow? follow)
    {
        if (follow is { Active: true })
            yield return new FollowStopped(command.FollowerId, command.FolloweeId);
    }
}
