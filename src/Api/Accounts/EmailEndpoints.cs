using System.Threading.RateLimiting;
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
            .WithSummary("Change one's e-mail address")
            .WithDescription(
                """
                Mails a token to the new address, which counts once it is proven with it; until then the one before stays.
                429 `email_proof_wait` when a mail was asked for lately.
                """
            );
        accounts
            .MapPost("/me/email/proof", Repeat)
            .WithSummary("Ask for the mail again that proves one's address")
            .WithDescription("The token mailed before is void. 409 `nothing_to_prove`, 429 `email_proof_wait`.");
        accounts
            .MapPost("/email/prove", Prove)
            .AllowAnonymous()
            .HoldsSecrets()
            .WithSummary("Prove an e-mail address by the token mailed there")
            .WithDescription(
                """
                From then on the address signs in and can reset the password. 401 `proof_token_invalid` when the token was
                used, replaced or is too old; 409 `email_taken` when another account has proven the address before.
                """
            );
        accounts
            .MapPost("/password-reset/request", RequestReset)
            .AllowAnonymous()
            .HoldsSecrets()
            .Produces(StatusCodes.Status202Accepted)
            .WithSummary("Ask for a new password by e-mail")
            .WithDescription(
                """
                202 whether an account has proven this address or none has; only the first is mailed a token, good once, for
                an hour, for `POST /accounts/password-reset`.
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

/// <summary>
/// Limits the mails that callers of one network may request without signing in, on this node. Safe from any thread.
/// </summary>
public sealed class MailRequests : IDisposable
{
    /// <summary>In one hour; a school or a mobile carrier has many people behind one address.</summary>
    public const int PerNetworkMax = 30;

    private static readonly TokenBucketRateLimiterOptions Bucket = new()
    {
        TokenLimit = PerNetworkMax,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromHours(1) / PerNetworkMax,
        // One timer fills all buckets.
        QueueLimit = 0,
        AutoReplenishment = false,
    };

    // The limiter drops buckets that are full again.
    private readonly PartitionedRateLimiter<Guid> _networks = PartitionedRateLimiter.Create<Guid, Guid>(network =>
        RateLimitPartition.GetTokenBucketLimiter(network, _ => Bucket)
    );

    /// <summary>Takes one request from a network's allowance.</summary>
    /// <returns>The refusal when the network must wait; null when it may go on.</returns>
    public Refusal? Wait(Guid network)
    {
        using var lease = _networks.AttemptAcquire(network);
        if (lease.IsAcquired)
            return null;
        return new("too_fast", RefusalKind.TooFast, $"{PerNetworkMax} mails an hour can be asked for from one network")
        {
            RetryAfter = Bucket.ReplenishmentPeriod,
        };
    }

    public void Dispose() => _networks.Dispose();
}
