using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Signs an account in, whose password the front door has seen to be right.</summary>
public sealed record StartSession(Guid SessionId, Guid AccountId, string RefreshTokenHash);

public static class StartSessionHandler
{
    public static Effect Handle(StartSession command, [ReadModel] Account account, DateTimeOffset now) =>
        Effect.Start<Session>(command.SessionId, new SessionStarted(command.SessionId, account.Id, command.RefreshTokenHash, now + Session.RefreshTokenLife));
}
