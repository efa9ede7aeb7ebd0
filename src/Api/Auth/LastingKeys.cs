using System.Security.Cryptography;
using System.Text;
using Veza.EventStore;

namespace Veza.Api.Auth;

/// <summary>
/// Keys derived from the servers' secrets that must not change when those are replaced, because the log holds what was
/// computed with them. 32 bytes each.
/// </summary>
/// <remarks>See docs/decisions/0073-what-lasts-is-derived-from-the-first-secrets.md.</remarks>
/// <param name="SecondFactors">Of accounts' secrets and recovery codes.</param>
/// <param name="Sources">Of the keys that broadcasts' sources authenticate with.</param>
/// <param name="Fingerprints">Of requests that were answered, and may be repeated.</param>
/// <param name="Mailboxes">Of the ids of e-mail addresses.</param>
/// <param name="Networks">Of the hashes of networks that accounts signed in from.</param>
public sealed record LastingKeys(
    byte[] SecondFactors,
    byte[] Sources,
    byte[] Fingerprints,
    byte[] Mailboxes,
    byte[] Networks
)
{
    /// <summary>Reads them from the log, which keeps those of the first node.</summary>
    public static async Task<LastingKeys> LoadAsync(
        EventLog log,
        byte[] encryptionKey,
        byte[] jwtSecret,
        CancellationToken ct
    )
    {
        const string secondFactors = "veza second factors";
        const string sources = "veza broadcast source keys";
        const string fingerprints = "veza request fingerprints";
        const string mailboxes = "veza mailbox";
        const string networks = "veza sign-in network";
        var first = new Dictionary<string, byte[]>
        {
            [secondFactors] = Derive(encryptionKey, secondFactors),
            [sources] = Derive(encryptionKey, sources),
            [fingerprints] = Derive(encryptionKey, fingerprints),
            [mailboxes] = Derive(jwtSecret, mailboxes),
            [networks] = Derive(jwtSecret, networks),
        };
        var last = await log.LastingKeysAsync(first, ct);
        return new(last[secondFactors], last[sources], last[fingerprints], last[mailboxes], last[networks]);
    }

    private static byte[] Derive(byte[] secret, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Encoding.ASCII.GetBytes(purpose));

    // A record prints its members.
    public override string ToString() => nameof(LastingKeys);
}
