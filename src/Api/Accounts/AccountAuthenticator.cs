using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Accounts;

/// <summary>Finds who signs in, and gives out the tokens of sessions.</summary>
public sealed class AccountAuthenticator(
    EventLog log,
    AccessTokens access,
    RefreshTokens refresh,
    SigningKeys keys,
    AccountSettings settings
)
{
    private readonly byte[] _networks = keys.Derive("veza sign-in network");

    /// <summary>Whether a text can be anybody's user name or address at all.</summary>
    public static bool CanBeName([NotNullWhen(true)] string? name) => name is { Length: > 0 and <= Account.EmailMax };

    /// <returns>The account of a user name or an address; null when there is none.</returns>
    public async Task<Account?> FindAsync(string? name, CancellationToken ct)
    {
        Guid? id = null;
        if (CanBeName(name))
            id = await log.Reader.FindNameAsync(
                name.Contains('@') ? Account.EmailScope : Account.UserNameScope,
                name.ToLowerInvariant(),
                ct
            );
        // A name that nobody has is looked up just the same: how long it takes does not tell.
        return await AccountAsync(id ?? Guid.CreateVersion7(), ct);
    }

    public async Task<Account?> AccountAsync(Guid id, CancellationToken ct) =>
        (await log.Models.LoadAsync(typeof(Account), id, ct)).State as Account;

    /// <summary>A refresh token for a session, the same one when the same request comes again.</summary>
    public OpaqueToken RefreshToken(HttpContext http, Guid session) =>
        refresh.Make(session, http.Features.Get<IdempotencyKey>());

    /// <returns>Whose session it is; null when there is no such session.</returns>
    public async Task<Guid?> OwnerAsync(Guid session, CancellationToken ct) =>
        ((await log.Models.LoadAsync(typeof(Session), session, ct)).State as Session)?.AccountId;

    public OpaqueToken? Read(string? refreshToken) => refresh.Read(refreshToken);

    /// <summary>
    /// What an account may do beyond its own needs a second factor in production: a password alone is too little for so
    /// much.
    /// </summary>
    public IReadOnlyCollection<string> Roles(Account account) =>
        settings.RolesNeedTwoFactor && account.TwoFactor is not { Enabled: true } ? [PlatformRole.User] : account.Roles;

    /// <summary>
    /// What a session is called: as the client says, otherwise as the browser or program calls itself.
    /// </summary>
    public static string? Device(HttpContext http, string? asked)
    {
        if (asked is not null)
            return asked;
        var agent = new string([
            .. http.Request.Headers.UserAgent.ToString().Where(c => !char.IsControl(c)).Take(Session.DeviceMax),
        ]).Trim();
        return agent.Length == 0 ? null : agent;
    }

    /// <summary>A network as the log may know it: whoever has not JWT_SECRET cannot tell which it is.</summary>
    public string NetworkHash(IPAddress? address) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(_networks, Networks.Of(address).ToByteArray()).AsSpan(0, 16));

    /// <summary>
    /// The answer of a command that began or carried on a session: what the log remembers of it, and the tokens, which
    /// it does not.
    /// </summary>
    /// <param name="ids">What the command was sent with as its answer.</param>
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
            // The request was answered before; what it was given then is given again, unless it has been used up since.
            ids = JsonSerializer.Deserialize<SessionIds>(done.Answer, log.Types.Json)!;
            token = RefreshToken(http, ids.SessionId ?? ids.Id);
            await log.CatchUpAsync(ct);
            if (
                (await log.Models.LoadAsync(typeof(Session), token.Id, ct)).State
                is not Session { Ended: false } session
            )
                return Problems.Result(CallerRefusals.SessionEnded);
            if (session.RefreshTokenHash != token.Hash)
                return Problems.Result(AccountRefusals.AnswerUsedUp);
        }
        var account = (await AccountAsync(ids.AccountId ?? ids.Id, ct))!;
        // Nobody was signed in when the command was sent.
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

/// <summary>
/// What a sign-in made: with <see cref="AccountId"/>, the id is the session's; with <see cref="SessionId"/>, the new
/// account's.
/// </summary>
public sealed record SessionIds(Guid Id, Guid? AccountId = null, Guid? SessionId = null);

/// <param name="Id">Of the session; of the account when one was registered.</param>
/// <param name="ExpiresIn">Seconds for which the access token is good.</param>
public sealed record SignedInView(
    Guid Id,
    [property: System.Text.Json.Serialization.JsonIgnore(
        Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull
    )]
        Guid? AccountId,
    [property: System.Text.Json.Serialization.JsonIgnore(
        Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull
    )]
        Guid? SessionId,
    string AccessToken,
    string RefreshToken,
    int ExpiresIn
)
{
    public override string ToString() => $"{nameof(SignedInView)} {Id}";
}
