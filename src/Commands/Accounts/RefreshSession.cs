using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Continues a session: uses up its refresh token and replaces it.</summary>
/// <param name="TokenHash">The hash of the token, which the API has verified to be one of this server's.</param>
/// <param name="NextTokenHash">The hash of the token that replaces it.</param>
/// <remarks>
/// The refusal <c>refresh_token_reused</c> means that a used token has two holders. The API then ends the session for
/// both.
/// </remarks>
public sealed record RefreshSession(Guid SessionId, string TokenHash, string NextTokenHash);

public static class RefreshSessionHandler
{
    public static Refusal? Validate(RefreshSession command, Session? session, DateTimeOffset now)
    {
        if (session is null or { Scopes: not null })
            return AccountRefusals.RefreshTokenInvalid;
        if (session.Ended)
            return CallerRefusals.SessionEnded;
        if (session.RefreshTokenHash != command.TokenHash)
            return AccountRefusals.RefreshTokenReused;
        return session.ExpiresAt <= now ? AccountRefusals.RefreshTokenExpired : null;
    }

    public static SessionEvent Handle(RefreshSession command, [WriteAggregate] Session? session, DateTimeOffset now) =>
        new SessionRefreshed(
            command.SessionId,
            session!.AccountId,
            command.NextTokenHash,
            now + Session.RefreshTokenLife
        );
}
