using System.Security.Cryptography;
using System.Text;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The key that authenticates a broadcast's source.</summary>
/// <remarks>
/// Derived from the broadcast's id and the server's secret: nothing is stored, every node can derive it, and the log
/// holds no secret.
/// </remarks>
public sealed class SourceKeys(string secret)
{
    private readonly byte[] _secret = HKDF.DeriveKey(
        HashAlgorithmName.SHA256,
        Encoding.UTF8.GetBytes(secret),
        32,
        info: "veza broadcast source keys"u8.ToArray()
    );

    public string Of(Guid broadcastId) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_secret, broadcastId.ToByteArray(bigEndian: true))[..16]);

    public bool Matches(Guid broadcastId, string key) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Of(broadcastId)), Encoding.UTF8.GetBytes(key));
}
