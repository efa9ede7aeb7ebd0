using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Carries a session on: the refresh token it has is used up, another takes its place.</summary>
/// <param name="TokenHash">Of the token shown, which the front door has seen to be one that was given out.</param>
/// <param name="NextTokenHash">Of the token given in its place.</param>
/// <remarks>
/// Refused with <c>refresh_token_reused</c>, a used token has two holders; the front door then ends the session, which
/// ends whatever either has of it.
/// </remarks>
public sealed record RefreshSession(Guid SessionId, string TokenHash, string NextTokenHash);

public static class RefreshSessionHandler
{
    public static Refusal? Validate(RefreshSession command, Session? session, DateTimeOffset now) =>
        session is null or { Scopes: not null } ? AccountRefusals.RefreshTokenInvalid
        : session.Ended ? CallerRefusals.SessionEnded
        : session.RefreshTokenHash != command.TokenHash ? AccountRefusals.RefreshTokenReused
        : session.ExpiresAt <= now ? AccountRefusals.RefreshTokenExpired
        : null;

    public static SessionEvent Handle(RefreshSession command, [WriteAggregate] Session? session, DateTimeOffset now) =>
        new SessionRefreshed(
            command.SessionId,
            session!.AccountId,
            command.NextTokenHash,
            now + Session.RefreshTokenLife
        );
}
