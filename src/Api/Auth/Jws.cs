using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Veza.Api.Auth;

/// <summary>Signed JSON in compact form (RFC 7515), with one algorithm: ES256.</summary>
/// <remarks>
/// A token does not choose how it is verified: one that names another algorithm is refused before its key is looked up.
/// </remarks>
public static class Jws
{
    /// <summary>
    /// Four times the length of our token with every role. A longer one is not worth the work of verifying it.
    /// </summary>
    public const int LengthMax = 2048;

    /// <summary>The output never goes into HTML, so <c>at+jwt</c> needs no escape.</summary>
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 3, AllowDuplicateProperties = false };

    public static string Sign(SigningKey key, string type, ReadOnlySpan<byte> payload)
    {
        var header = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                alg = "ES256",
                typ = type,
                kid = key.Id,
            },
            Plain
        );
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
        return $"{signed}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <param name="find">Returns the key with an id; null when there is none.</param>
    /// <returns>The payload of a token with a valid signature; null with the fault otherwise.</returns>
    public static JsonElement? Open(string token, string type, Func<string, SigningKey?> find, out TokenFault fault)
    {
        fault = TokenFault.Malformed;
        if (token.Length > LengthMax || token.Split('.') is not [var head, var body, var tail])
            return null;
        if (
            Decode(head) is not { } header
            || Decode(body) is not { } payload
            || Decode(tail) is not { Length: SigningKey.SignatureBytes } signature
        )
            return null;
        if (Object(header) is not { } says)
            return null;
        fault = TokenFault.OtherKind;
        // Another header, such as "crit" or an embedded key, asks for features that are not supported here.
        if (
            says.EnumerateObject().Any(p => p.Name is not ("alg" or "typ" or "kid"))
            || Text(says, "alg") != "ES256"
            || Text(says, "typ") != type
        )
            return null;
        fault = TokenFault.UnknownKey;
        if (Text(says, "kid") is not { } id || find(id) is not { } key)
            return null;
        fault = TokenFault.WrongSignature;
        if (!key.Verify(Encoding.ASCII.GetBytes(token, 0, head.Length + 1 + body.Length), signature))
            return null;
        fault = TokenFault.Malformed;
        if (Object(payload) is not { } claims)
            return null;
        fault = TokenFault.None;
        return claims;
    }

    /// <returns>The string of that name; null when there is none.</returns>
    internal static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement? Object(byte[] json)
    {
        // Invalid text, such as half a surrogate pair, would throw only when it is read. None of our tokens contains an
        // escape.
        if (json.AsSpan().Contains((byte)'\\') || !Utf8.IsValid(json))
            return null;
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Strict base64url: no padding, no white space and no stray bits, so that a token has exactly one form.
    /// </summary>
    private static byte[]? Decode(string text)
    {
        if (text.Length == 0 || !text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            return null;
        try
        {
            var bytes = Base64Url.DecodeFromChars(text);
            return Base64Url.EncodeToString(bytes) == text ? bytes : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
