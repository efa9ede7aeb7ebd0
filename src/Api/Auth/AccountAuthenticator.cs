using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>Finds the account that signs in, and issues the tokens of its session.</summary>
public sealed class AccountAuthenticator(
    EventLog log,
    AccessTokens access,
    RefreshTokens refresh,
    LastingKeys keys,
    AccountSettings settings
)
{
    /// <summary>Whether a text can be a user name or an address at all.</summary>
    public static bool CanBeName([NotNullWhen(true)] string? name) => name is { Length: > 0 and <= Account.EmailMax };

    /// <returns>The account with a user name or an address; null when there is none.</returns>
    public async Task<Account?> FindAsync(string? name, CancellationToken ct)
    {
        Guid? id = null;
        if (CanBeName(name))
            id = await log.Reader.FindNameAsync(
                name.Contains('@') ? Account.EmailScope : Account.UserNameScope,
                name.ToLowerInvariant(),
                ct
            );
        // A name without an account costs the same look-up, so that the duration reveals nothing.
        return await AccountAsync(id ?? Guid.CreateVersion7(), ct);
    }

    public async Task<Account?> AccountAsync(Guid id, CancellationToken ct) =>
        await log.Aggregates.FindAsync<Account>(id, ct);

    /// <summary>A refresh token for a session. A repeated request gets the same one.</summary>
    public OpaqueToken RefreshToken(HttpContext http, Guid session) =>
        refresh.Make(session, http.Features.Get<IdempotencyKey>());

    /// <returns>The account of a session; null when there is no such session.</returns>
    public async Task<Guid?> OwnerAsync(Guid session, CancellationToken ct) =>
        (await log.Aggregates.FindAsync<Session>(session, ct))?.AccountId;

    public OpaqueToken? Read(string? refreshToken) => refresh.Read(refreshToken);

    /// <summary>
    /// In production, roles beyond <c>user</c> need a second factor: a password alone is too little protection for
    /// them.
    /// </summary>
    public IReadOnlyCollection<string> Roles(Account account) =>
        settings.RolesNeedTwoFactor && account.TwoFactor is not { Enabled: true } ? [PlatformRole.User] : account.Roles;

    /// <summary>The name of a session: the one the client chose, otherwise its User-Agent.</summary>
    public static string? Device(HttpContext http, string? asked)
    {
        if (asked is not null)
            return asked;
        var agent = new string([
            .. http.Request.Headers.UserAgent.ToString().Where(c => !char.IsControl(c)).Take(Session.DeviceMax),
        ]).Trim();
        return agent.Length == 0 ? null : agent;
    }

    /// <summary>A network as the log may store it. Without its key the hash does not reveal the network.</summary>
    public string NetworkHash(IPAddress? address) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(keys.Networks, Networks.Of(address).ToByteArray()).AsSpan(0, 16));

    /// <summary>
    /// Answers a command that started or renewed a session: the ids that the log stores, and the tokens, which it does
    /// not.
    /// </summary>
    /// <param name="ids">The stored answer that the command was sent with.</param>
    public async Task<IResult> AnswerAsync(
        HttpContext http,
        CommandResult result,
        SessionIds ids,
        OpaqueToken token,
        int status,
        CancellationToken ct
    )
    {
        if (result is not CommandResult.Done done)
            return CommandSender.Answer(result, ids, status);
        if (done.Answer is not null)
        {
            // The request was answered before. It gets the same tokens again, unless they have been used since.
            ids = JsonSerializer.Deserialize<SessionIds>(done.Answer, log.Types.Json)!;
            token = RefreshToken(http, ids.SessionId ?? ids.Id);
            await log.CatchUpAsync(ct);
            if (await log.Aggregates.FindAsync<Session>(token.Id, ct) is not { Ended: false } session)
                return Problems.Result(CallerRefusals.SessionEnded);
            if (session.RefreshTokenHash != token.Hash)
                return Problems.Result(AccountRefusals.AnswerUsedUp);
        }
        var account = (await AccountAsync(ids.AccountId ?? ids.Id, ct))!;
        // The request itself was anonymous, so the command could not record this.
        http.RequestServices.GetRequiredService<OwnWrites>().Record(http, account.Id, done.Position);
        http.Response.Headers.CacheControl = "no-store";
        var answer = new SignedInView(
            ids.Id,
            ids.AccountId,
            ids.SessionId,
            access.Issue(account.Id, token.Id, Roles(account)),
            token.Text,
            (int)AccessTokens.Life.TotalSeconds
        );
        return CommandSender.Answer(done with { Answer = null }, answer, status);
    }
}
