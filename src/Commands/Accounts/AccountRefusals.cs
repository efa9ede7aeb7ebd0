using Veza.Commands.Dispatching;

namespace Veza.Commands.Accounts;

public static class AccountRefusals
{
    /// <summary>One for an unknown name and a wrong password, so that nobody learns which names there are.</summary>
    public static readonly Refusal SignInFailed = new("sign_in_failed", RefusalKind.Unauthenticated, "the name or the password is wrong");
    public static readonly Refusal RefreshTokenInvalid = new("refresh_token_invalid", RefusalKind.Unauthenticated, "this refresh token is not one that was given out here");
    public static readonly Refusal RefreshTokenReused =
        new("refresh_token_reused", RefusalKind.Unauthenticated, "this refresh token was used before; its session is ended, sign in again");
    public static readonly Refusal RefreshTokenExpired = new("refresh_token_expired", RefusalKind.Unauthenticated,
        $"this refresh token was not used for {Domain.Accounts.Session.RefreshTokenLife.TotalDays} days; sign in again");
    public static readonly Refusal SessionEnded = new("session_ended", RefusalKind.Unauthenticated, "this session is ended; sign in again");
    public static readonly Refusal AnswerUsedUp = new("answer_used_up", RefusalKind.Unauthenticated,
        "the tokens that this request was answered with the first time have been used since; sign in again");
}
