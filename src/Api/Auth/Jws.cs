using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Veza.Api.Auth;

/// <summary>Signed JSON in compact form (RFC 7515), of one algorithm: ES256.</summary>
/// <remarks>
/// No part of a token says how it is to be verified: one that names another algorithm is refused before its key is
/// looked for.
/// </remarks>
public static class Jws
{
    /// <summary>
    /// Four times what a token of ours has with every role; more is not worth the work of verifying it.
    /// </summary>
    public const int LengthMax = 2048;

    /// <summary>Nothing in it is ever put into HTML: <c>at+jwt</c> is written as it is.</summary>
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

    /// <param name="find">The key of an id; null when there is none.</param>
    /// <returns>The payload, whose signature is right; null with the fault otherwise.</returns>
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
        // A header with more in it, such as "crit" or a key of its own, asks for more than is understood here.
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
        // A string that is no text, such as half a surrogate pair, is found only when it is read, and then throws. No
        // token of ours has an escape in it.
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
    /// Base64url as the standard has it: no padding, no white space, and no bits set that mean nothing, so that a token
    /// has one form only.
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

/// <summary>Why a token is not good.</summary>
public enum TokenFault
{
    None,
    Malformed,
    OtherKind,
    UnknownKey,
    WrongSignature,
    WrongClaims,
    NotYetValid,
    Expired,
}
