using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Erases an account again, because the log was restored to a moment before its erasure. The person was checked then.
/// Sending it again changes nothing.
/// </summary>
/// <param name="Names">
/// All that the account holds, from the log's names. Its events may be unreadable: a restore destroys the key first.
/// </param>
public sealed record EraseAccountAgain(Guid AccountId, IReadOnlyList<HeldName> Names);

/// <summary>A unique name that an account holds.</summary>
/// <param name="Scope">Such as <see cref="Account.UserNameScope"/>.</param>
/// <param name="Name">In lower case.</param>
public sealed record HeldName(string Scope, string Name)
{
    public override string ToString() => nameof(HeldName);
}

public static class EraseAccountAgainHandler
{
    public static IEnumerable<Effect> Handle(
        EraseAccountAgain command,
        [WriteAggregate] Account account,
        [ReadAggregate] IReadOnlyList<Session> sessions,
        [ReadAggregate] IReadOnlyList<Session> apiKeys
    ) => EraseAccountHandler.Erase(account, [.. sessions, .. apiKeys], command.Names);
}
