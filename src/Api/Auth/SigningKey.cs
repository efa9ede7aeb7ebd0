using System.Security.Cryptography;

namespace Veza.Api.Auth;

/// <summary>An ES256 key with its key id. Safe from any thread.</summary>
public sealed class SigningKey(string id, ECDsa key) : IDisposable
{
    /// <summary>R and S, 32 bytes each (RFC 7518 section 3.4).</summary>
    public const int SignatureBytes = 64;

    // .NET does not promise that two threads can use one key. It is used once per token and node, not once per request.
    private readonly Lock _gate = new();

    public string Id { get; } = id;

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_gate)
            return key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureBytes)
            return false;
        lock (_gate)
            return key.VerifyData(
                data,
                signature,
                HashAlgorithmName.SHA256,
                DSASignatureFormat.IeeeP1363FixedFieldConcatenation
            );
    }

    public ECPoint PublicPoint()
    {
        lock (_gate)
            return key.ExportParameters(includePrivateParameters: false).Q;
    }

    public void Dispose() => key.Dispose();
}
