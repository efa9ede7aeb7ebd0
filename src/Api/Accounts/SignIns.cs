using System.Text.Json;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Accounts;

/// <summary>Gives out the tokens of sessions.</summary>
public sealed class SignIns(EventLog log, AccessTokens access, RefreshTokens refresh, Passwords passwords)
{
    /// <returns>The account of that name and password; null when there is none, and one cannot tell why.</returns>
    public async Task<Guid?> FindAsync(string? name, string? password, CancellationToken ct)
    {
        Guid? id = null;
        if (name is { Length: > 0 and <= Account.EmailMax })
            id = await log.Reader.FindNameAsync(name.Contains('@') ? Account.EmailScope : Account.UserNameScope, name.ToLowerInvariant(), ct);
        var account = id is { } known ? (await log.Models.LoadAsync(typeof(Account), known, ct)).State as Account : null;
        return passwords.Fits(account?.PasswordHash, password) ? account!.Id : null;
    }

    /// <summary>A refresh token for a session, the same one when the same request comes again.</summary>
    public RefreshToken RefreshToken(HttpContext http, Guid session) => refresh.Make(session, http.Features.Get<IdempotencyKey>());

    /// <returns>Whose session it is; null when there is no such session.</returns>
    public async Task<Guid?> AccountAsync(Guid session, CancellationToken ct) => ((await log.Models.LoadAsync(typeof(Session), session, ct)).State as Session)?.AccountId;

    public RefreshToken? Read(string? refreshToken) => refresh.Read(refreshToken);

    /// <summary>The answer of a command that began or carried on a session: what the log remembers of it, and the tokens, which it does not.</summary>
    /// <param name="ids">What the command was sent with as its answer.</param>
    public async Task<IResult> AnswerAsync(HttpContext http, CommandResult result, SessionIds ids, RefreshToken token, int status, CancellationToken ct)
    {
        if (result is not CommandResult.Done done) return Sender.Answer(result, ids, status);
        if (done.Answer is not null)
        {
            // The request was answered before; what it was given then is given again, unless it has been used up since.
            ids = JsonSerializer.Deserialize<SessionIds>(done.Answer, log.Types.Json)!;
            token = RefreshToken(http, ids.SessionId ?? ids.Id);
            await log.CatchUpAsync(ct);
            if ((await log.Models.LoadAsync(typeof(Session), token.SessionId, ct)).State is not Session { Ended: false } session)
                return Problems.Result(AccountRefusals.SessionEnded);
            if (session.RefreshTokenHash != token.Hash) return Problems.Result(AccountRefusals.AnswerUsedUp);
        }
        var account = ids.AccountId ?? ids.Id;
        var roles = ((Account)(await log.Models.LoadAsync(typeof(Account), account, ct)).State!).Roles;
        http.Response.Headers.CacheControl = "no-store";
        var answer = new SessionAnswer(ids.Id, ids.AccountId, ids.SessionId, access.Issue(account, token.SessionId, roles), token.Text, (int)AccessTokens.Life.TotalSeconds);
        return Sender.Answer(done with { Answer = null }, answer, status);
    }
}

/// <summary>What a sign-in made: with <see cref="AccountId"/>, the id is the session's; with <see cref="SessionId"/>, the new account's.</summary>
public sealed record SessionIds(Guid Id, Guid? AccountId = null, Guid? SessionId = null);

/// <param name="Id">Of the session; of the account when one was registered.</param>
/// <param name="ExpiresIn">Seconds for which the access token is good.</param>
public sealed record SessionAnswer(
    Guid Id,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] Guid? AccountId,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] Guid? SessionId,
    string AccessToken, string RefreshToken, int ExpiresIn)
{
    public override string ToString() => $"{nameof(SessionAnswer)} {Id}";
}
