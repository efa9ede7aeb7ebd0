using System.Globalization;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>The refusals of commands about accounts and sessions.</summary>
public static class AccountRefusals
{
    /// <summary>The same for an unknown name and a wrong password, so it does not reveal which names exist.</summary>
    public static readonly Refusal SignInFailed = new(
        "sign_in_failed",
        RefusalKind.Unauthenticated,
        "the name or the password is wrong"
    );

    public static Refusal SuspensionUntil(DateTimeOffset until, DateTimeOffset now) =>
        Refusals.Invalid(
            new Dictionary<string, string[]>
            {
                ["until"] =
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"until is {until:O}; it must be after now, {now:O}, "
                            + $"by at most {Account.SuspensionMax.TotalDays} days"
                    ),
                ],
            }
        );

    public static readonly Refusal RefreshTokenInvalid = new(
        "refresh_token_invalid",
        RefusalKind.Unauthenticated,
        "this refresh token is not one that was given out here"
    );
    public static readonly Refusal RefreshTokenReused = new(
        "refresh_token_reused",
        RefusalKind.Unauthenticated,
        "this refresh token was used before; its session is ended, sign in again"
    );
    public static readonly Refusal RefreshTokenExpired = new(
        "refresh_token_expired",
        RefusalKind.Unauthenticated,
        $"this refresh token was not used for {Domain.Accounts.Session.RefreshTokenLife.TotalDays} days; sign in again"
    );

    /// <summary>The same for names of accounts, unknown names, and networks.</summary>
    public static Refusal SignInWait(TimeSpan wait) =>
        new(
            "sign_in_wait",
            RefusalKind.TooFast,
            $"too many tries failed; the next one is looked at in {Math.Ceiling(wait.TotalSeconds)} s"
        )
        {
            RetryAfter = wait,
        };

    public static readonly Refusal PasswordWrong = new(
        "password_wrong",
        RefusalKind.NotAllowed,
        "the current password is wrong"
    );
    public static readonly Refusal TwoFactorRequired = new(
        "two_factor_required",
        RefusalKind.Unauthenticated,
        "this account also asks for a code: send it as code"
    );
    public static readonly Refusal TwoFactorFailed = new(
        "two_factor_failed",
        RefusalKind.Unauthenticated,
        "the code is wrong, was used before, or its time is over"
    );
    public static readonly Refusal CodeWrong = new(
        "code_wrong",
        RefusalKind.NotAllowed,
        "the code is wrong, was used before, or its time is over"
    );
    public static readonly Refusal TwoFactorEnabled = new(
        "two_factor_enabled",
        RefusalKind.Conflict,
        "this account asks for codes already; disable that first"
    );
    public static readonly Refusal TwoFactorNotBegun = new(
        "two_factor_not_begun",
        RefusalKind.Conflict,
        "there is nothing to confirm or disable: begin with two-factor first"
    );
    public static readonly Refusal TooManyApiKeys = new(
        "too_many_api_keys",
        RefusalKind.Conflict,
        $"this account has {Domain.Accounts.Account.ApiKeysMax} API keys in force; revoke one first"
    );
    public static readonly Refusal ResetTokenInvalid = new(
        "reset_token_invalid",
        RefusalKind.Unauthenticated,
        "this token sets no password: it was used, replaced by another, or its time is over; ask for another"
    );
    public static readonly Refusal CannotSuspendSelf = new(
        "cannot_suspend_self",
        RefusalKind.Conflict,
        "an operator cannot suspend their own account"
    );

    public static readonly Refusal ProofTokenInvalid = new(
        "proof_token_invalid",
        RefusalKind.Unauthenticated,
        "this token proves no address: it was used, replaced by another, or its time is over; ask for another"
    );
    public static readonly Refusal NothingToProve = new(
        "nothing_to_prove",
        RefusalKind.Conflict,
        "the address of this account is proven already"
    );

    public static Refusal EmailProofWait(TimeSpan wait) =>
        new(
            "email_proof_wait",
            RefusalKind.TooFast,
            $"a mail was sent lately; the next one can be asked for in {Math.Ceiling(wait.TotalSeconds)} s"
        )
        {
            RetryAfter = wait,
        };

    public static readonly Refusal MailNotConfigured = new(
        "mail_not_configured",
        RefusalKind.Unavailable,
        "this server sends no mail: its operator has not set SMTP_HOST"
    );
    public static readonly Refusal NotAnOperator = new(
        "not_allowed",
        RefusalKind.NotAllowed,
        "this needs the role operator"
    );
    public static readonly Refusal AnswerUsedUp = new(
        "answer_used_up",
        RefusalKind.Unauthenticated,
        "the tokens that this request was answered with the first time have been used since; sign in again"
    );
}
