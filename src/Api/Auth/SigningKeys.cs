using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Veza.Api.Auth;

/// <summary>
/// The keys that sign access tokens: a new one every day (UTC), derived from JWT_SECRET. Safe from any thread.
/// </summary>
/// <remarks>
/// Keys are neither stored nor distributed: every node with the secret derives the same key for the same day. See
/// docs/decisions/0010-derived-signing-keys.md.
/// </remarks>
public sealed class SigningKeys : IDisposable
{
    /// <summary>
    /// As strong as the derived keys: P-256 has 128 bits of strength, and 32 bytes leave room for a secret that is not
    /// fully random.
    /// </summary>
    public const int SecretBytesMin = 32;

    private const string DayFormat = "yyyy-MM-dd";

    /// <summary>Names a secret among a handful, in the ids of its keys, and reveals nothing of it.</summary>
    private const int NameBytes = 4;

    /// <summary>Of each secret: yesterday's, today's and tomorrow's; one more around midnight.</summary>
    private const int KeysMax = 4;

    /// <summary>The order of the group of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3).</summary>
    private static readonly BigInteger Order = new(
        Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
        isUnsigned: true,
        isBigEndian: true
    );

    private readonly ConcurrentDictionary<(DateOnly Day, int Secret), SigningKey> _keys = new();

    /// <summary>The first signs; all are accepted.</summary>
    private readonly byte[][] _secrets;
    private readonly string[] _names;
    private readonly TimeProvider _clock;

    /// <param name="accepted">Signs nothing; null when the secret is not being replaced.</param>
    public SigningKeys(byte[] secret, TimeProvider clock, byte[]? accepted = null)
    {
        _secrets = accepted is null ? [secret] : [secret, accepted];
        if (_secrets.FirstOrDefault(s => s.Length < SecretBytesMin) is { } small)
            throw new ArgumentException(
                $"JWT_SECRET is {small.Length} bytes; at least {SecretBytesMin} are needed",
                nameof(secret)
            );
        _names = [.. _secrets.Select(s => Convert.ToHexStringLower(Derive(s, "veza signing secret name", NameBytes)))];
        _clock = clock;
    }

    /// <summary>Today's key.</summary>
    public SigningKey Current => Of(Day(_clock.GetUtcNow()), secret: 0);

    /// <summary>
    /// The keys whose tokens may still be valid, and tomorrow's, so that clients that cache the list have it in time.
    /// </summary>
    public IReadOnlyList<SigningKey> Published =>
        [
            .. Days(Oldest, Day(_clock.GetUtcNow()).AddDays(1))
                .SelectMany(day => Enumerable.Range(0, _secrets.Length).Select(secret => Of(day, secret))),
        ];

    /// <returns>The key of that name; null when no valid token can be signed with it now.</returns>
    public SigningKey? Find(string keyId) =>
        keyId.Split('.', 2) is [var date, var name]
        && Array.IndexOf(_names, name) is var secret and >= 0
        && DateOnly.TryParseExact(date, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
        && day >= Oldest
        && day <= Day(_clock.GetUtcNow() + AccessTokens.ClockSkew)
            ? Of(day, secret)
            : null;

    public void Dispose()
    {
        foreach (var key in _keys.Values)
            key.Dispose();
    }

    /// <summary>
    /// Derives a secret for another purpose from JWT_SECRET. Knowing one reveals nothing about the others.
    /// </summary>
    internal byte[] Derive(string purpose) => Derive(_secrets[0], purpose, 32);

    /// <summary>Also from the accepted secret: the first makes what is new, and all are tried on what is old.</summary>
    internal IReadOnlyList<byte[]> DeriveAll(string purpose) => [.. _secrets.Select(s => Derive(s, purpose, 32))];

    private static byte[] Derive(byte[] secret, string purpose, int bytes) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, bytes, info: Encoding.ASCII.GetBytes(purpose));

    private DateOnly Oldest => Day(_clock.GetUtcNow() - AccessTokens.Life - AccessTokens.ClockSkew);

    private static DateOnly Day(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);

    private static IEnumerable<DateOnly> Days(DateOnly first, DateOnly last)
    {
        for (var day = first; day <= last; day = day.AddDays(1))
            yield return day;
    }

    private SigningKey Of(DateOnly day, int secret)
    {
        if (_keys.TryGetValue((day, secret), out var key))
            return key;
        // Not disposed: a request may still be verifying with it.
        if (_keys.Count >= KeysMax * _secrets.Length)
            foreach (var old in _keys.Keys.Where(k => k.Day < Oldest))
                _keys.TryRemove(old, out _);
        return _keys.GetOrAdd((day, secret), k => Make(k.Day, k.Secret));
    }

    private SigningKey Make(DateOnly day, int secret)
    {
        var date = day.ToString(DayFormat, CultureInfo.InvariantCulture);
        // 128 bits more than the order, so that the remainder is almost uniform (FIPS 186-5, A.2.1).
        var wide = new BigInteger(
            Derive(_secrets[secret], $"veza access token ES256 {date}", bytes: 48),
            isUnsigned: true,
            isBigEndian: true
        );
        var scalar = wide % (Order - 1) + 1;
        var d = new byte[32];
        var bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(d.AsSpan(d.Length - bytes.Length));
        return new(
            $"{date}.{_names[secret]}",
            ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d })
        );
    }
}
