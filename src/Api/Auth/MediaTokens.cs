using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Veza.Api.Http;
using Veza.Domain.Accounts;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>Marks an endpoint that also authenticates by <see cref="MediaTokens.Parameter"/>.</summary>
internal sealed record AcceptsMediaToken;

/// <summary>
/// Makes and reads media tokens: they let a browser's audio element, which sends no Authorization header, read the
/// sound of tracks for an hour. Safe from any thread.
/// </summary>
/// <remarks>
/// On the wire: base64url of the account's id (16 bytes), the session's id (16), the end as seconds since 1970 (8) and
/// an HMAC (32). Its key is derived from JWT_SECRET for this purpose only, so a media token is no access token, nor the
/// other way round. Each request looks up the session and the account among the aggregates that the log's tail keeps
/// fresh: a token ends with its session, on every node.
/// </remarks>
public sealed class MediaTokens(SigningKeys keys, EventLog log, AccountAuthenticator authenticator, TimeProvider clock)
{
    /// <summary>Longer than most tracks, so that one token plays a track to its end.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>The name in the query string.</summary>
    public const string Parameter = "token";

    public static readonly AuthenticationFailureException Expired = new(
        "the media token has expired; get another at /api/v1/media-tokens"
    );
    private static readonly AuthenticationFailureException NotGood = new(
        "the media token was not issued here, or its session has ended"
    );

    private const int IdBytes = 16;
    private const int SealedBytes = 2 * IdBytes + sizeof(long);
    private const int TokenBytes = SealedBytes + HMACSHA256.HashSizeInBytes;

    private readonly IReadOnlyList<byte[]> _seals = keys.DeriveAll("veza media token seal");

    public string Issue(Caller caller)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        caller.AccountId.TryWriteBytes(bytes, bigEndian: true, out _);
        caller.SessionId.TryWriteBytes(bytes[IdBytes..], bigEndian: true, out _);
        var until = (clock.GetUtcNow() + Life).ToUnixTimeSeconds();
        BinaryPrimitives.WriteInt64BigEndian(bytes[(2 * IdBytes)..], until);
        HMACSHA256.HashData(_seals[0], bytes[..SealedBytes], bytes[SealedBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    public async Task<AuthenticateResult> AuthenticateAsync(string text, CancellationToken ct)
    {
        if (Read(text) is not { } token)
            return AuthenticateResult.Fail(NotGood);
        if (token.Until <= clock.GetUtcNow())
            return AuthenticateResult.Fail(Expired);
        if (
            await log.Aggregates.FindAsync<Session>(token.Session, ct) is not { Ended: false }
            || await authenticator.AccountAsync(token.Account, ct) is not { IsOut: false }
        )
            return AuthenticateResult.Fail(NotGood);
        var caller = new Caller(token.Account, token.Session, FrozenSet<string>.Empty);
        return AuthenticateResult.Success(new(new CallerPrincipal(caller), AccessTokenCache.Scheme));
    }

    /// <returns>Null when the token was not issued here.</returns>
    private (Guid Account, Guid Session, DateTimeOffset Until)? Read(string text)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        // The bytes are a multiple of three, so that a token has exactly one form.
        if (
            text.Length != Base64Url.GetEncodedLength(TokenBytes)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done
            || written != TokenBytes
        )
            return null;
        var isOurs = false;
        Span<byte> seal = stackalloc byte[HMACSHA256.HashSizeInBytes];
        foreach (var key in _seals)
        {
            HMACSHA256.HashData(key, bytes[..SealedBytes], seal);
            isOurs |= CryptographicOperations.FixedTimeEquals(seal, bytes[SealedBytes..]);
        }
        if (!isOurs)
            return null;
        return (
            new(bytes[..IdBytes], bigEndian: true),
            new(bytes.Slice(IdBytes, IdBytes), bigEndian: true),
            DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(bytes[(2 * IdBytes)..]))
        );
    }
}
