using System.Buffers.Text;

namespace Veza.Api.Auth;

/// <summary>A public key as JSON (RFC 7517, RFC 7518 section 6.2).</summary>
public sealed record Jwk(string Kty, string Use, string Alg, string Kid, string Crv, string X, string Y)
{
    public static Jwk Of(SigningKey key)
    {
        var point = key.PublicPoint();
        return new(
            "EC",
            "sig",
            "ES256",
            key.Id,
            "P-256",
            Base64Url.EncodeToString(point.X),
            Base64Url.EncodeToString(point.Y)
        );
    }
}
