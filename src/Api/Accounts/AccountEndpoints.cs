using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Projections.Accounts;

namespace Veza.Api.Accounts;

// What holds a password or a token does not print it.
public sealed record RegisterBody(string UserName, string Email, string Password) { public override string ToString() => nameof(RegisterBody); }
public sealed record SignInBody(string Name, string Password) { public override string ToString() => nameof(SignInBody); }
public sealed record RefreshBody(string RefreshToken) { public override string ToString() => nameof(RefreshBody); }

public static class AccountEndpoints
{
    public static void MapAccounts(this IEndpointRouteBuilder api)
    {
        var accounts = api.MapGroup("/accounts").WithTags("Accounts");
        accounts.MapPost("", Register).AllowAnonymous().HoldsSecrets().HashesPasswords().Produces<SessionAnswer>(StatusCodes.Status201Created).WithSummary("Register")
            .WithDescription("Makes an account and signs it in. User names are 3 to 32 of `a-z 0-9 _ .`, kept in lower case; passwords have 10 to 200 characters and are not among the commonest.");
        accounts.MapGet("/me", async (Caller caller, AccountQueries queries, CancellationToken ct) =>
            await queries.FindOwnAsync(caller.AccountId, ct) is { } found ? Results.Ok(found) : Problems.Result(Refusals.Unknown("account", caller.AccountId)))
            .ReadsFrom(AccountQueries.Reads).Produces<OwnAccountView>().WithSummary("Read one's own account");
        accounts.MapGet("/{accountId:guid}", async (Guid accountId, AccountQueries queries, HttpContext http, CancellationToken ct) =>
            await (http.Past() is { } past ? new(past.Views) : queries).FindAsync(accountId, ct) is { } found ? Results.Ok(found) : Problems.Result(Refusals.Unknown("account", accountId)))
            .ReadsFrom(AccountQueries.Reads).AnswersAsOf(AccountQueries.Reads).Produces<AccountView>().WithSummary("Read an account");

        var sessions = api.MapGroup("/sessions").WithTags("Sessions");
        sessions.MapPost("", SignIn).AllowAnonymous().HoldsSecrets().HashesPasswords().Produces<SessionAnswer>(StatusCodes.Status201Created).WithSummary("Sign in")
            .WithDescription("By user name or e-mail. 401 `sign_in_failed` whichever of the two was wrong.");
        sessions.MapPost("/refresh", Refresh).AllowAnonymous().HoldsSecrets().Produces<SessionAnswer>().WithSummary("Take new tokens for a refresh token")
            .WithDescription("A refresh token is good once, within 30 days. One used again has two holders: its session is ended, 401 `refresh_token_reused`.");
        sessions.MapDelete("/current", (Caller caller, Sender commands) =>
            commands.Send(new EndSession(caller.SessionId, Session.SignedOut), new { id = caller.SessionId })).WithSummary("Sign out")
            .WithDescription("The session's tokens are refused from then on, on every node.");
    }

    /// <summary>The public keys, by which others can verify access tokens.</summary>
    public static void MapSigningKeys(this IEndpointRouteBuilder app) =>
        app.MapGet("/.well-known/jwks.json", (SigningKeys keys, HttpContext http) =>
        {
            http.Response.Headers.CacheControl = "public, max-age=3600";
            return Results.Json(new { keys = keys.Published.Select(Jwk.Of) }, contentType: "application/jwk-set+json");
        }).AllowAnonymous().WithTags("Sessions").WithSummary("The keys that access tokens are signed with").WithDescription("A JSON Web Key Set (RFC 7517) of ES256 keys; `kid` is the day (UTC) of a key.");

    private static async Task<IResult> Register(RegisterBody body, HttpContext http, Sender commands, SignIns signIns, Passwords passwords, CancellationToken ct)
    {
        if (Passwords.Wrong(body.Password) is { } wrong) return Problems.Result(Problems.Invalid("password", wrong));
        var (id, sessionId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var token = signIns.RefreshToken(http, sessionId);
        var ids = new SessionIds(id, SessionId: sessionId);
        var result = await commands.Decide(new RegisterAccount(id, body.UserName, body.Email, passwords.Hash(body.Password), new(sessionId, token.Hash)), ids);
        return await signIns.AnswerAsync(http, result, ids, token, StatusCodes.Status201Created, ct);
    }

    private static async Task<IResult> SignIn(SignInBody body, HttpContext http, Sender commands, SignIns signIns, CancellationToken ct)
    {
        if (await signIns.FindAsync(body.Name, body.Password, ct) is not { } account) return Problems.Result(AccountRefusals.SignInFailed);
        var id = Guid.CreateVersion7();
        var token = signIns.RefreshToken(http, id);
        var ids = new SessionIds(id, AccountId: account);
        return await signIns.AnswerAsync(http, await commands.Decide(new StartSession(id, account, token.Hash), ids), ids, token, StatusCodes.Status201Created, ct);
    }

    private static async Task<IResult> Refresh(RefreshBody body, HttpContext http, Sender commands, SignIns signIns, Dispatcher dispatcher, CancellationToken ct)
    {
        if (signIns.Read(body.RefreshToken) is not { } shown || await signIns.AccountAsync(shown.SessionId, ct) is not { } account)
            return Problems.Result(AccountRefusals.RefreshTokenInvalid);
        var next = signIns.RefreshToken(http, shown.SessionId);
        var ids = new SessionIds(shown.SessionId, AccountId: account);
        var result = await commands.Decide(new RefreshSession(shown.SessionId, shown.Hash, next.Hash), ids);
        if (result is CommandResult.Refused { Refusal.Code: var code } && code == AccountRefusals.RefreshTokenReused.Code)
        {
            var end = new EndSession(shown.SessionId, Session.RefreshTokenReused);
            // If that is refused, the log being busy, the answer says so and not that the session is ended.
            if (await dispatcher.SendAsync(end, new CommandContext(Guid.CreateVersion7(), account), answer: null, CancellationToken.None) is CommandResult.Refused busy) result = busy;
        }
        return await signIns.AnswerAsync(http, result, ids, next, StatusCodes.Status200OK, ct);
    }

    /// <summary>For a request with a password in it: its fingerprint is kept with the idempotency key, and must not be what passwords can be tried against.</summary>
    private static RouteHandlerBuilder HoldsSecrets(this RouteHandlerBuilder endpoint) => endpoint.AddEndpointFilter((context, next) =>
    {
        var features = context.HttpContext.Features;
        if (features.Get<IdempotencyKey>() is { } key)
            features.Set(key.Sealed(context.HttpContext.RequestServices.GetRequiredService<SigningKeys>().Derive("veza request fingerprint")));
        return next(context);
    });
}
