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

    /// <summary>Yesterday's, today's and tomorrow's; one more around midnight.</summary>
    private const int KeysMax = 4;

    /// <summary>The order of the group of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3).</summary>
    private static readonly BigInteger Order = new(
        Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
        isUnsigned: true,
        isBigEndian: true
    );

    private readonly ConcurrentDictionary<DateOnly, SigningKey> _keys = new();
    private readonly byte[] _secret;
    private readonly TimeProvider _clock;

    public SigningKeys(byte[] secret, TimeProvider clock)
    {
        if (secret.Length < SecretBytesMin)
            throw new ArgumentException(
                $"JWT_SECRET is {secret.Length} bytes; at least {SecretBytesMin} are needed",
                nameof(secret)
            );
        _secret = secret;
        _clock = clock;
    }

    /// <summary>Today's key.</summary>
    public SigningKey Current => Of(Day(_clock.GetUtcNow()));

    /// <summary>
    /// The keys whose tokens may still be valid, and tomorrow's, so that clients that cache the list have it in time.
    /// </summary>
    public IReadOnlyList<SigningKey> Published => [.. Days(Oldest, Day(_clock.GetUtcNow()).AddDays(1)).Select(Of)];

    /// <returns>The key of that name; null when no valid token can be signed with it now.</returns>
    public SigningKey? Find(string keyId) =>
        DateOnly.TryParseExact(keyId, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
        && day >= Oldest
        && day <= Day(_clock.GetUtcNow() + AccessTokens.ClockSkew)
            ? Of(day)
            : null;

    public void Dispose()
    {
        foreach (var key in _keys.Values)
            key.Dispose();
    }

    /// <summary>
    /// Derives a secret for another purpose from JWT_SECRET. Knowing one reveals nothing about the others.
    /// </summary>
    internal byte[] Derive(string purpose, int bytes = 32) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, bytes, info: Encoding.ASCII.GetBytes(purpose));

    private DateOnly Oldest => Day(_clock.GetUtcNow() - AccessTokens.Life - AccessTokens.ClockSkew);

    private static DateOnly Day(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);

    private static IEnumerable<DateOnly> Days(DateOnly first, DateOnly last)
    {
        for (var day = first; day <= last; day = day.AddDays(1))
            yield return day;
    }

    private SigningKey Of(DateOnly day)
    {
        if (_keys.TryGetValue(day, out var known))
            return known;
        // Not disposed: a request may still be verifying with it.
        if (_keys.Count >= KeysMax)
            foreach (var old in _keys.Keys.Where(d => d < Oldest))
                _keys.TryRemove(old, out _);
        return _keys.GetOrAdd(day, Make);
    }

    private SigningKey Make(DateOnly day)
    {
        var name = day.ToString(DayFormat, CultureInfo.InvariantCulture);
        // 128 bits more than the order, so that the remainder is almost uniform (FIPS 186-5, A.2.1).
        var wide = new BigInteger(
            Derive($"veza access token ES256 {name}", bytes: 48),
            isUnsigned: true,
            isBigEndian: true
        );
        var scalar = wide % (Order - 1) + 1;
        var d = new byte[32];
        var bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(d.AsSpan(d.Length - bytes.Length));
        return new(name, ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d }));
    }
}
