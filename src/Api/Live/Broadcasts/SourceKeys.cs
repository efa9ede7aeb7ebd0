using System.Security.Cryptography;
using System.Text;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The key that authenticates a broadcast's source.</summary>
/// <remarks>
/// Derived from the broadcast's id and a lasting key: every node can derive it, and the log holds none of them.
/// </remarks>
/// <param name="lasting">The lasting key of sources.</param>
public sealed class SourceKeys(byte[] lasting)
{
    public string Of(Guid broadcastId) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(lasting, broadcastId.ToByteArray(bigEndian: true))[..16]);

    public bool Matches(Guid broadcastId, string key) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Of(broadcastId)), Encoding.UTF8.GetBytes(key));
}
