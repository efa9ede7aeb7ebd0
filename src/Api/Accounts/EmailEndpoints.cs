using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.Mail;
using Veza.Reactors.Accounts;

namespace Veza.Api.Accounts;

// Records with a password or a token do not print it.
public sealed record ChangeEmailBody(string Email, string Password)
{
    public override string ToString() => nameof(ChangeEmailBody);
}

public sealed record ProveEmailBody(string Token)
{
    public override string ToString() => nameof(ProveEmailBody);
}

public sealed record RequestPasswordResetBody(string Email)
{
    public override string ToString() => nameof(RequestPasswordResetBody);
}

public static class EmailEndpoints
{
    public static void MapEmails(this IEndpointRouteBuilder api)
    {
        var accounts = api.MapGroup("/accounts").WithTags("Accounts");
        accounts
            .MapPut("/me/email", Change)
            .HoldsSecrets()
            .WithSummary("Change your e-mail address")
            .WithDescription(
                """
                Mails a token to the new address, which replaces the old one once it is proven. 429
                `email_proof_wait` after a recent request.
                """
            );
        accounts
            .MapPost("/me/email/proof", Repeat)
            .WithSummary("Request another mail that proves your address")
            .WithDescription("Voids the token mailed before. 409 `nothing_to_prove`, 429 `email_proof_wait`.");
        accounts
            .MapPost("/email/prove", Prove)
            .AllowAnonymous()
            .HoldsSecrets()
            .WithSummary("Prove an e-mail address by a mailed token")
            .WithDescription(
                """
                From then on the address can sign in and reset the password. 401 `proof_token_invalid` when the
                token was used, replaced or has expired; 409 `email_taken` when another account has proven the
                address before.
                """
            );
        accounts
            .MapPost("/password-reset/request", RequestReset)
            .AllowAnonymous()
            .HoldsSecrets()
            .Produces(StatusCodes.Status202Accepted)
            .WithSummary("Request a password reset by e-mail")
            .WithDescription(
                """
                Answers 202 whether or not an account has proven this address. Only a proven address is mailed a
                token, valid once, for an hour, for `POST /accounts/password-reset`.
                """
            );
    }

    private static async Task<IResult> Change(
        ChangeEmailBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator signIns,
        SignInThrottle tries,
        PasswordSlots passwords,
        IMailer mailer,
        TimeProvider clock,
        EventLog log,
        CancellationToken ct
    )
    {
        if (!mailer.IsConfigured)
            return Problems.Result(AccountRefusals.MailNotConfigured);
        var account = await signIns.AccountAsync(caller.AccountId, ct);
        var shown = account?.PasswordHash ?? "";
        var asked = new RequestEmailProof(caller.AccountId, body.Email, Guid.CreateVersion7(), shown);
        var answer = new { id = caller.AccountId };
        if (commands.Shape(asked) is { } invalid)
            return Problems.Result(invalid);
        // A request that fails whatever the password is gets refused before the hash is computed.
        if (account is not null && RequestEmailProofHandler.Validate(asked, account, clock.GetUtcNow()) is { } no)
            return await commands.WasAnsweredAsync(log, ct) ? await commands.Send(asked, answer) : Problems.Result(no);
        var result = await tries.TryAsync(http, account, name: null, async () =>
            await passwords.FitsAsync(caller.AccountId, account?.PasswordHash, body.Password, ct) switch
            {
                null => new CommandResult.Refused(PasswordSlots.Busy),
                false => new CommandResult.Refused(AccountRefusals.PasswordWrong),
                true => await commands.Decide(asked, answer),
            }
        );
        return CommandSender.Answer(result, answer);
    }

    private static async Task<IResult> Repeat(Caller caller, CommandSender commands, IMailer mailer) =>
        mailer.IsConfigured
            ? await commands.Send(
                new RepeatEmailProof(caller.AccountId, Guid.CreateVersion7()),
                new { id = caller.AccountId }
            )
            : Problems.Result(AccountRefusals.MailNotConfigured);

    private static async Task<IResult> Prove(ProveEmailBody body, CommandSender commands, MailTokens tokens) =>
        tokens.ReadEmailProof(body.Token) is { } token
            ? await commands.Send(new ProveEmail(token.AccountId, token.Id), new { id = token.AccountId })
            : Problems.Result(AccountRefusals.ProofTokenInvalid);

    private static async Task<IResult> RequestReset(
        RequestPasswordResetBody body,
        HttpContext http,
        CommandSender commands,
        IMailer mailer,
        MailTokens tokens,
        MailRequests requests,
        EventLog log,
        CancellationToken ct
    )
    {
        if (!mailer.IsConfigured)
            return Problems.Result(AccountRefusals.MailNotConfigured);
        if (!AccountRules.IsEmail(body.Email))
        {
            var wrong =
                $"email is \"{body.Email}\", which is not an e-mail address of at most {Account.EmailMax} characters";
            return Problems.Result(Problems.Invalid("email", wrong));
        }
        if (requests.Wait(Networks.Of(http.Connection.RemoteIpAddress)) is { } refusal)
            return Problems.Result(refusal);
        // An address without an account costs the log as much. Neither the answer nor its duration reveals which it is.
        var holder = await log.Reader.FindNameAsync(Account.EmailScope, body.Email.ToLowerInvariant(), ct);
        var result = await commands.Decide(new AskForPasswordReset(tokens.MailboxOf(body.Email), holder), new { });
        return result is CommandResult.Refused no ? Problems.Result(no.Refusal) : Results.Accepted();
    }
}
