using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Projections.Accounts;

namespace Veza.Api.Accounts;

// Records with a password or a token do not print it.
public sealed record SignInBody(string Name, string Password, string? Device = null, string? Code = null)
{
    public override string ToString() => nameof(SignInBody);
}

public sealed record RefreshBody(string RefreshToken)
{
    public override string ToString() => nameof(RefreshBody);
}

/// <param name="LastUsedAt">
/// When its tokens were last renewed; a session in use renews them every quarter of an hour.
/// </param>
/// <param name="Current">Whether it is the session of this request.</param>
public sealed record SessionView(
    Guid Id,
    string? Device,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastUsedAt,
    DateTimeOffset ExpiresAt,
    bool Current
);

public static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder api)
    {
        var sessions = api.MapGroup("/sessions").WithTags("Sessions");
        sessions
            .MapPost("", SignIn)
            .AllowAnonymous()
            .HoldsSecrets()
            .Produces<SignedInView>(StatusCodes.Status201Created)
            .WithSummary("Sign in")
            .WithDescription(
                """
                With a user name or an e-mail address. 401 `sign_in_failed` when either part was wrong. After ten
                failures 429 `sign_in_wait`, with growing waits, except from networks where the account has signed
                in before. 401 `two_factor_required` when `code` is needed too. `device` names the session in the
                list; the default is the client's User-Agent.
                """
            );
        sessions
            .MapPost("/refresh", Refresh)
            .AllowAnonymous()
            .HoldsSecrets()
            .Produces<SignedInView>()
            .WithSummary("Exchange a refresh token for new tokens")
            .WithDescription(
                """
                A refresh token is valid once, within 30 days. A second use means two holders: the session ends, 401
                `refresh_token_reused`.
                """
            );
        sessions
            .MapGet("", ListAsync)
            .ReadsFrom(SessionQueries.Reads)
            .Produces<Page<SessionView>>()
            .WithSummary("List your own sessions")
            .WithDescription(
                $"""
                Sessions that have not ended, last used first, at most {Account.SessionsMax}: one more sign-in ends
                the oldest.
                """
            );
        sessions
            .MapDelete("", (Caller caller, CommandSender commands) =>
                commands.Send(new EndOtherSessions(caller.AccountId, caller.SessionId), new { id = caller.SessionId })
            )
            .WithSummary("Sign out everywhere else")
            .WithDescription(
                """
                Ends every session except the one that asks. Their tokens and live connections end immediately, on
                every node.
                """
            );
        sessions
            .MapDelete("/{sessionId:guid}", (Guid sessionId, Caller caller, CommandSender commands) =>
                commands.Send(new EndSession(sessionId, Session.SignedOut, caller.AccountId), new { id = sessionId })
            )
            .WithSummary("End one of your own sessions");
        sessions
            .MapDelete("/current", (Caller caller, CommandSender commands) =>
                commands.Send(
                    new EndSession(caller.SessionId, Session.SignedOut, caller.AccountId),
                    new { id = caller.SessionId }
                )
            )
            .WithSummary("Sign out")
            .WithDescription("Every node refuses the session's tokens from then on.");
    }

    private static async Task<IResult> ListAsync(
        Caller caller,
        SessionQueries queries,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var rows = await queries.ListAsync(caller.AccountId, clock.GetUtcNow(), ct);
        return Results.Ok(
            new Page<SessionView>(
                [
                    .. rows.Select(r => new SessionView(
                        r.SessionId,
                        r.Device,
                        r.CreatedAt,
                        r.LastUsedAt,
                        r.ExpiresAt,
                        r.SessionId == caller.SessionId
                    )),
                ],
                Next: null
            )
        );
    }

    private static async Task<IResult> SignIn(
        SignInBody body,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator signIns,
        SignInThrottle tries,
        PasswordSlots passwords,
        TwoFactors twoFactors,
        CancellationToken ct
    )
    {
        var id = Guid.CreateVersion7();
        var token = signIns.RefreshToken(http, id);
        var (address, device) = (http.Connection.RemoteIpAddress, AccountAuthenticator.Device(http, body.Device));
        var session = new StartSession(id, Guid.Empty, token.Hash, device, signIns.NetworkHash(address));
        // A malformed request is refused before any name is looked up or password hashed.
        if (commands.Shape(session) is { } invalid)
            return Problems.Result(invalid);
        if (!AccountAuthenticator.CanBeName(body.Name) || !Passwords.CanBeOne(body.Password))
            return Problems.Result(AccountRefusals.SignInFailed);
        var found = await signIns.FindAsync(body.Name, ct);
        var ids = new SessionIds(id, AccountId: found?.Id);
        var result = await tries.TryAsync(http, found, body.Name, async () =>
            await passwords.FitsAsync(Networks.Of(address), found?.PasswordHash, body.Password, ct) switch
            {
                null => new CommandResult.Refused(PasswordSlots.Busy),
                false => new CommandResult.Refused(AccountRefusals.SignInFailed),
                true => await commands.Decide(
                    session with
                    {
                        AccountId = found!.Id,
                        PasswordHash = found.PasswordHash,
                        Second = twoFactors.Read(found.TwoFactor, body.Code),
                    },
                    ids
                ),
            }
        );
        return await signIns.AnswerAsync(http, result, ids, token, StatusCodes.Status201Created, ct);
    }

    private static async Task<IResult> Refresh(
        RefreshBody body,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator signIns,
        CommandBus bus,
        CancellationToken ct
    )
    {
        if (
            signIns.Read(body.RefreshToken) is not { } shown
            || await signIns.OwnerAsync(shown.Id, ct) is not { } account
        )
            return Problems.Result(AccountRefusals.RefreshTokenInvalid);
        var next = signIns.RefreshToken(http, shown.Id);
        var ids = new SessionIds(shown.Id, AccountId: account);
        var result = await commands.Decide(new RefreshSession(shown.Id, shown.Hash, next.Hash), ids);
        if (
            result is CommandResult.Refused { Refusal.Code: var code }
            && code == AccountRefusals.RefreshTokenReused.Code
        )
        {
            var end = new EndSession(shown.Id, Session.RefreshTokenReused);
            // When the log is too busy to end the session, the answer must not claim that it ended.
            if (
                await bus.SendAsync(
                    end,
                    new CommandContext(Guid.CreateVersion7(), account),
                    answer: null,
                    CancellationToken.None
                )
                is CommandResult.Refused busy
            )
                result = busy;
        }
        return await signIns.AnswerAsync(http, result, ids, next, StatusCodes.Status200OK, ct);
    }
}
