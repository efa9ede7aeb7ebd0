using Microsoft.AspNetCore.Mvc;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.Media;
using Veza.Projections.Accounts;
using Veza.Projections.Social.Follows;
using Veza.Reactors.Accounts;

namespace Veza.Api.Accounts;

// Records with a password or a token do not print it.
public sealed record RegisterBody(string UserName, string Email, string Password, string? Device = null)
{
    public override string ToString() => nameof(RegisterBody);
}

/// <param name="Code">From the authenticator app, or a recovery code; needed when two-factor sign-in is on.</param>
public sealed record EraseAccountBody(string Password, string? Code = null)
{
    public override string ToString() => nameof(EraseAccountBody);
}

/// <summary>Registration, reading, export and erasure of accounts.</summary>
public static class AccountEndpoints
{
    private static readonly string[] AccountRead = [.. AccountQueries.Reads, FollowsProjection.ProjectionName];

    public static void MapAccounts(this IEndpointRouteBuilder api)
    {
        var accounts = api.MapGroup("/accounts").WithTags("Accounts");
        accounts
            .MapPost("", Register)
            .AllowAnonymous()
            .HoldsSecrets()
            .Produces<SignedInView>(StatusCodes.Status201Created)
            .WithSummary("Register")
            .WithDescription(
                """
                Creates an account and signs it in. A token is mailed to the address, which counts once it is
                proven; the answer is therefore the same whether or not another account has the address. User names
                have 3 to 32 characters of `a-z 0-9 _ .`, stored in lower case. Passwords have 10 to 200 characters
                and are not among the commonest.
                """
            );
        accounts
            .MapGet("/me", async (Caller caller, AccountQueries queries, CancellationToken ct) =>
                await queries.FindOwnAsync(caller.AccountId, ct) is { } found
                    ? Results.Ok(found)
                    : Problems.Result(Refusals.Unknown("account", caller.AccountId))
            )
            .ReadsFrom(AccountQueries.Reads)
            .Produces<OwnAccountView>()
            .WithSummary("Read your own account");
        accounts
            .MapDelete("/me", Erase)
            .HoldsSecrets()
            .WithSummary("Erase your own account")
            .WithDescription(
                """
                Permanent. The account's sessions and API keys end, its user name and e-mail address are free again,
                and its sound files are removed. Everything it wrote reads as empty from then on, by an author
                called `deleted user`. 403 `password_wrong` or `code_wrong` when it was not the person; 401
                `two_factor_required` when `code` is needed too. `GET /accounts/me/export` returns all the data
                before. Ask at the `erasure` address of the answer whether the database's files are clean.
                """
            );
        // Public: an erased account cannot sign in to ask. That an account is erased is no secret, and the answer holds
        // nothing else about it.
        api.MapGet("/erasures/{accountId:guid}", async (Guid accountId, Erasures erasures, CancellationToken ct) =>
                await erasures.FindAsync(accountId, ct) is { } found
                    ? Results.Ok(found)
                    : Problems.Result(Refusals.Unknown("erasure", accountId))
            )
            .AllowAnonymous()
            .WithTags("Accounts")
            .Produces<ErasureView>()
            .WithSummary("Read the progress of an erasure")
            .WithDescription(
                """
                No personal data can be read from the moment of the erasure on. The state is `pending` while files
                of the database may still hold rows that no query finds; a sweep rewrites them, at most every ten
                minutes. `incomplete` names, by step, what could not be cleaned, such as the write-ahead log of an
                external server. Backups are not included.
                """
            );
        accounts
            .MapGet("/me/export", AccountExport.WriteAsync)
            .WithMetadata(new NeedsScope("accounts:export"))
            .AnswersAtLength(AccountExport.ContentType)
            .WithSummary("Export your own data")
            .WithDescription(
                """
                Every event that the account caused or that names it, oldest first, one JSON object a line, as a
                file. Hashes of passwords and tokens are left out. One export at a time: 429 `too_fast` while
                another runs. A client that takes less than 64 KiB in 20 s is cut off.
                """
            );
        accounts
            .MapGet(
                "/{accountId:guid}",
                async (Guid accountId, Caller caller, HttpContext http, CancellationToken ct) =>
                {
                    var views = http.Views();
                    if (await new AccountQueries(views).FindAsync(accountId, ct) is not { } found)
                        return Problems.Result(Refusals.Unknown("account", accountId));
                    var followed = await new FollowQueries(views).FollowsAsync(caller.AccountId, accountId, ct);
                    return Results.Ok(found with { Followed = followed });
                }
            )
            .ReadsFrom(AccountRead)
            .AnswersAsOf(AccountRead)
            .AnswersPosition(AccountCountsProjection.ProjectionName)
            .Produces<AccountView>()
            .WithSummary("Read an account");
    }

    private static async Task<IResult> Erase(
        [FromBody] EraseAccountBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator authenticator,
        SignInThrottle throttle,
        PasswordSlots passwords,
        TwoFactors twoFactors,
        MediaStore media,
        CancellationToken ct
    )
    {
        var account = await authenticator.AccountAsync(caller.AccountId, ct);
        var answer = new { id = caller.AccountId, erasure = $"/api/v1/erasures/{caller.AccountId}" };
        var result = await throttle.TryAsync(http, account, name: null, async () =>
            await passwords.FitsAsync(caller.AccountId, account?.PasswordHash, body.Password, ct) switch
            {
                null => new CommandResult.Refused(PasswordSlots.Busy),
                false => new CommandResult.Refused(AccountRefusals.PasswordWrong),
                true => await commands.Decide(
                    new EraseAccount(
                        caller.AccountId,
                        account!.PasswordHash,
                        twoFactors.Read(account.TwoFactor, body.Code)
                    ),
                    answer
                ),
            }
        );
        if (result is CommandResult.Done)
            await RecordAsync(media, caller.AccountId);
        return CommandSender.Answer(result, answer);
    }

    /// <summary>An erasure that is acknowledged must not be lost with the database.</summary>
    private static async Task RecordAsync(MediaStore media, Guid account)
    {
        try
        {
            await media.RecordErasureAsync(account, CancellationToken.None);
        }
        catch (MediaStorageException)
        {
            // It is erased, and RecordErasures tries again until the storage takes it.
        }
    }

    /// <summary>The public keys with which others can verify access tokens.</summary>
    public static void MapSigningKeys(this IEndpointRouteBuilder app) =>
        app.MapGet("/.well-known/jwks.json", (SigningKeys keys, HttpContext http) =>
            {
                http.Response.Headers.CacheControl = "public, max-age=3600";
                return Results.Json(
                    new { keys = keys.Published.Select(Jwk.Of) },
                    contentType: "application/jwk-set+json"
                );
            })
            .AllowAnonymous()
            .WithTags("Sessions")
            .WithSummary("List the public keys of access tokens")
            .WithDescription("A JSON Web Key Set (RFC 7517) of ES256 keys; `kid` is the day (UTC) of a key.");

    private static async Task<IResult> Register(
        RegisterBody body,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator authenticator,
        PasswordSlots passwords,
        EventLog log,
        CancellationToken ct
    )
    {
        if (Passwords.Wrong(body.Password) is { } wrong)
            return Problems.Result(Problems.Invalid("password", wrong));
        var (id, sessionId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var token = authenticator.RefreshToken(http, sessionId);
        var ids = new SessionIds(id, SessionId: sessionId);
        var first = new RegisterAccount.FirstSession(
            sessionId,
            token.Hash,
            AccountAuthenticator.Device(http, body.Device),
            authenticator.NetworkHash(http.Connection.RemoteIpAddress)
        );
        // The hash comes last, so that every other fault is refused before it.
        var proof = Guid.CreateVersion7();
        var account = new RegisterAccount(id, body.UserName, body.Email, PasswordHash: "", first, EmailProofId: proof);
        if (commands.Shape(account) is { } invalid)
            return Problems.Result(invalid);
        var userName = body.UserName.ToLowerInvariant();
        if (await log.Reader.FindNameAsync(Account.UserNameScope, userName, ct) is not null)
        {
            // This same request may have taken the name when it was sent before.
            if (!await commands.WasAnsweredAsync(log, ct))
                return Problems.Result(Refusals.NameTaken(Account.UserNameScope, userName));
        }
        else
        {
            var network = Networks.Of(http.Connection.RemoteIpAddress);
            if (await passwords.HashOfNewAccountAsync(network, body.Password, ct) is not { } hash)
                return Problems.Result(PasswordSlots.Busy);
            account = account with { PasswordHash = hash };
        }
        var result = await commands.Decide(account, ids);
        return await authenticator.AnswerAsync(http, result, ids, token, StatusCodes.Status201Created, ct);
    }

    /// <summary>
    /// For a request that holds a password. Its fingerprint is stored with the idempotency key, so it must not allow
    /// anyone to test guessed passwords against it.
    /// </summary>
    internal static RouteHandlerBuilder HoldsSecrets(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(
            (context, next) =>
            {
                var features = context.HttpContext.Features;
                if (features.Get<IdempotencyKey>() is { } key)
                    features.Set(
                        key.Sealed(
                            context
                                .HttpContext.RequestServices.GetRequiredService<SigningKeys>()
                                .Derive("veza request fingerprint")
                        )
                    );
                return next(context);
            }
        );
}
