using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Domain.Social.Follows;

namespace Veza.Commands.Social.Follows;

/// <summary>Makes one account follow another. Following again changes nothing.</summary>
public sealed record FollowAccount(Guid FollowerId, Guid FolloweeId);

public static class FollowAccountHandler
{
    public static Refusal? Validate(FollowAccount command, [ReadAggregate] Account followee) =>
        command.FollowerId == command.FolloweeId ? FollowRefusals.CannotFollowSelf : null;

    public static IEnumerable<FollowEvent> Handle(FollowAccount command, [WriteAggregate] Follow? follow)
    {
        if (follow is not { Active: true })
            yield return new FollowStarted(command.FollowerId, command.FolloweeId);
    }
}
