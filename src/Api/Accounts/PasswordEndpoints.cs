using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.Reactors.Accounts;

namespace Veza.Api.Accounts;

// Records with a password or a token do not print it.
public sealed record ChangePasswordBody(string CurrentPassword, string NewPassword)
{
    public override string ToString() => nameof(ChangePasswordBody);
}

public sealed record ResetPasswordBody(string Token, string NewPassword)
{
    public override string ToString() => nameof(ResetPasswordBody);
}

/// <param name="Token">Valid once, for an hour; shown only in this answer.</param>
public sealed record PasswordResetView(Guid Id, string Token, int ExpiresIn)
{
    public override string ToString() => $"{nameof(PasswordResetView)} {Id}";
}

public static class PasswordEndpoints
{
    public static void MapPasswords(this IEndpointRouteBuilder api)
    {
        var accounts = api.MapGroup("/accounts").WithTags("Accounts");
        accounts
            .MapPut("/me/password", Change)
            .HoldsSecrets()
            .WithSummary("Change your password")
            .WithDescription("Ends every other session. 403 `password_wrong` when the current password is wrong.");
        accounts
            .MapPost("/{accountId:guid}/password-reset", Issue)
            .HoldsSecrets()
            .Produces<PasswordResetView>(StatusCodes.Status201Created)
            .WithSummary("Issue a password reset for an account")
            .WithDescription(
                """
                For operators, who check the person's identity and pass the token on. It is valid once, for an hour;
                a newer token voids it.
                """
            );
        accounts
            .MapPost("/password-reset", Reset)
            .AllowAnonymous()
            .HoldsSecrets()
            .WithSummary("Set a new password by a reset token")
            .WithDescription(
                """
                With a token from an operator or a mail. Ends every session. 401 `reset_token_invalid` when the
                token was used, replaced or has expired.
                """
            );
    }

    private static async Task<IResult> Change(
        ChangePasswordBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator signIns,
        SignInThrottle tries,
        PasswordSlots passwords,
        CancellationToken ct
    )
    {
        if (Passwords.Wrong(body.NewPassword) is { } wrong)
            return Problems.Result(Problems.Invalid("newPassword", wrong));
        var account = await signIns.AccountAsync(caller.AccountId, ct);
        var answer = new { id = caller.AccountId };
        // Throttled here too, or a stolen session would be an easier way to guess the password.
        var result = await tries.TryAsync(http, account, name: null, async () =>
        {
            var fits = await passwords.FitsAsync(caller.AccountId, account?.PasswordHash, body.CurrentPassword, ct);
            if (fits is null)
                return new CommandResult.Refused(PasswordSlots.Busy);
            if (fits is false)
                return new CommandResult.Refused(AccountRefusals.PasswordWrong);
            var next = await passwords.HashAsync(caller.AccountId, body.NewPassword, ct);
            if (next is null)
                return new CommandResult.Refused(PasswordSlots.Busy);
            var change = new ChangePassword(caller.AccountId, account!.PasswordHash, next, caller.SessionId);
            return await commands.Decide(change, answer);
        });
        return CommandSender.Answer(result, answer);
    }

    private static async Task<IResult> Issue(
        Guid accountId,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        ResetTokens tokens
    )
    {
        var token = tokens.Make(accountId, http.Features.Get<IdempotencyKey>());
        var ids = new { id = accountId };
        var result = await commands.Decide(new IssuePasswordReset(accountId, caller.AccountId, token.Hash), ids);
        if (result is not CommandResult.Done done)
            return CommandSender.Answer(result, ids);
        http.Response.Headers.CacheControl = "no-store";
        return CommandSender.Answer(
            done with
            {
                Answer = null,
            },
            new PasswordResetView(accountId, token.Text, (int)Domain.Accounts.PendingReset.Life.TotalSeconds),
            StatusCodes.Status201Created
        );
    }

    private static async Task<IResult> Reset(
        ResetPasswordBody body,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator signIns,
        ResetTokens tokens,
        MailTokens mailed,
        PasswordSlots passwords,
        TimeProvider clock,
        EventLog log,
        CancellationToken ct
    )
    {
        if (Passwords.Wrong(body.NewPassword) is { } wrong)
            return Problems.Result(Problems.Invalid("newPassword", wrong));
        ResetPassword? reset = null;
        if (tokens.Read(body.Token) is { } handed)
            reset = new(handed.Id, handed.Hash, PasswordHash: "");
        if (mailed.ReadPasswordReset(body.Token) is { } mail)
            reset = new(mail.AccountId, null, PasswordHash: "", mail.Id);
        if (reset is null)
            return Problems.Result(AccountRefusals.ResetTokenInvalid);
        var answer = new { id = reset.AccountId };
        // A token that is used, replaced or expired costs no hash, on this node or any other.
        await log.CatchUpAsync(ct);
        var account = await signIns.AccountAsync(reset.AccountId, ct);
        if (ResetPasswordHandler.Validate(reset, account, clock.GetUtcNow()) is { } invalid)
            return await commands.WasAnsweredAsync(log, ct)
                ? await commands.Send(reset, answer)
                : Problems.Result(invalid);
        var hash = await passwords.HashAsync(Networks.Of(http.Connection.RemoteIpAddress), body.NewPassword, ct);
        if (hash is null)
            return Problems.Result(PasswordSlots.Busy);
        return await commands.Send(reset with { PasswordHash = hash }, answer);
    }
}
