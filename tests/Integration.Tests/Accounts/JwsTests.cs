using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Veza.Api.Auth;

namespace Veza.Integration.Tests.Accounts;

public class JwsTests
{
    // RFC 7515, appendix A.3: a signature by ES256.
    private const string Header = "eyJhbGciOiJFUzI1NiJ9";
    private const string Payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    private const string Signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    private readonly SigningKey _key = new(
        "key",
        ECDsa.Create(
            new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new()
                {
                    X = Base64Url.DecodeFromChars("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                    Y = Base64Url.DecodeFromChars("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
                },
                D = Base64Url.DecodeFromChars("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
            }
        )
    );

    [Fact]
    public void The_standards_own_example_verifies() =>
        Assert.True(_key.Verify(Encoding.ASCII.GetBytes($"{Header}.{Payload}"), Base64Url.DecodeFromChars(Signature)));

    [Fact]
    public void Every_bit_of_the_standards_own_signature_counts()
    {
        var signature = Base64Url.DecodeFromChars(Signature);
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(
                _key.Verify(Encoding.ASCII.GetBytes($"{Header}.{Payload}"), signature),
                $"bit {bit} can be turned"
            );
            signature[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    /// <summary>
    /// Valid by the standards but not tokens of ours: RFC 7519, section 3.1 (HS256) and section 6.1 (not secured), and
    /// the example above without type and key.
    /// </summary>
    [Theory]
    [InlineData(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        TokenFault.Malformed
    )]
    [InlineData("eyJhbGciOiJub25lIn0", "", TokenFault.Malformed)]
    [InlineData("eyJhbGciOiJub25lIn0", Signature, TokenFault.OtherKind)]
    [InlineData("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", Signature, TokenFault.OtherKind)]
    [InlineData(Header, Signature, TokenFault.OtherKind)]
    public void The_standards_other_examples_are_refused(string header, string signature, TokenFault expected)
    {
        Assert.Null(Jws.Open($"{header}.{Payload}.{signature}", "JWT", _ => _key, out var fault));
        Assert.Equal(expected, fault);
    }

    /// <summary>RFC 7519, section 3.1: its line breaks and its claim that is an address.</summary>
    [Fact]
    public void The_standards_own_claims_are_read_as_they_stand()
    {
        var claims = Jws.Open(
            Signed(Base64Url.EncodeToString("""{"alg":"ES256","typ":"JWT","kid":"key"}"""u8), Payload),
            "JWT",
            _ => _key,
            out _
        )!.Value;
        Assert.Equal(
            ("joe", 1_300_819_380, true),
            (
                claims.GetProperty("iss").GetString(),
                claims.GetProperty("exp").GetInt32(),
                claims.GetProperty("http://example.com/is_root").GetBoolean()
            )
        );
    }

    [Fact]
    public void A_signature_of_all_zeros_is_refused() =>
        Assert.False(_key.Verify(Encoding.ASCII.GetBytes($"{Header}.{Payload}"), new byte[SigningKey.SignatureBytes]));

    [Fact]
    public void A_token_signed_here_verifies_here()
    {
        var token = Jws.Sign(_key, "JWT", """{"a":1}"""u8);
        Assert.Equal(
            1,
            Jws.Open(token, "JWT", id => id == "key" ? _key : null, out var fault)!.Value.GetProperty("a").GetInt32()
        );
        Assert.Equal(TokenFault.None, fault);
    }

    [Theory]
    [InlineData("""{"alg":"ES256"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"none","typ":"JWT","kid":"key"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"HS256","typ":"JWT","kid":"key"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"es256","typ":"JWT","kid":"key"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"ES384","typ":"JWT","kid":"key"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":["ES256"],"typ":"JWT","kid":"key"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"ES256","typ":"at+jwt","kid":"key"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":"key","crit":["exp"]}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":"key","jwk":{"kty":"EC"}}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":"key","jku":"https://example.org/keys"}""", TokenFault.OtherKind)]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":"other"}""", TokenFault.UnknownKey)]
    [InlineData("""{"alg":"ES256","typ":"JWT","kid":1}""", TokenFault.UnknownKey)]
    [InlineData("""{"alg":"ES256","typ":"JWT"}""", TokenFault.UnknownKey)]
    [InlineData("""{"alg":"none","alg":"ES256","typ":"JWT","kid":"key"}""", TokenFault.Malformed)]
    [InlineData("""["ES256"]""", TokenFault.Malformed)]
    [InlineData("""{"alg":"ES256",""", TokenFault.Malformed)]
    [InlineData("""{"alg":"\ud800","typ":"JWT","kid":"key"}""", TokenFault.Malformed)]
    [InlineData("""{"\udfff":1,"alg":"ES256","typ":"JWT","kid":"key"}""", TokenFault.Malformed)]
    public void A_header_that_says_anything_else_is_refused_though_its_signature_is_right(
        string header,
        TokenFault expected
    )
    {
        Assert.Null(
            Jws.Open(
                Signed(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)), "e30"),
                "JWT",
                id => id == "key" ? _key : null,
                out var fault
            )
        );
        Assert.Equal(expected, fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("not a token")]
    [InlineData("{}.{}.{}")]
    public void A_text_without_the_form_of_a_token_is_refused(string text)
    {
        Assert.Null(Jws.Open(text, "JWT", _ => _key, out var fault));
        Assert.Equal(TokenFault.Malformed, fault);
    }

    [Fact]
    public void A_token_has_one_form_only()
    {
        var token = Jws.Sign(_key, "JWT", """{"a":1}"""u8);
        // The last base64url character of 64 bytes has four unused bits.
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        foreach (
            var other in alphabet
                .Where(c => c != token[^1])
                .Select(c => token[..^1] + c)
                .Concat([token + "=", token + "==", token + " ", " " + token, token + "\n", token.Replace('.', ' ')])
        )
            Assert.Null(Jws.Open(other, "JWT", _ => _key, out _));
        Assert.NotNull(Jws.Open(token, "JWT", _ => _key, out _));
    }

    [Fact]
    public void An_oversized_token_is_refused_before_anything_is_made_of_it()
    {
        var token = Jws.Sign(_key, "JWT", Encoding.UTF8.GetBytes($$"""{"a":"{{new string('x', Jws.LengthMax)}}"}"""));
        Assert.Null(
            Jws.Open(token, "JWT", _ => throw new InvalidOperationException("a key was looked for"), out var fault)
        );
        Assert.Equal(TokenFault.Malformed, fault);
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":{"b":{"c":{"d":1}}}}""")]
    [InlineData("[1]")]
    [InlineData("\"text\"")]
    [InlineData("")]
    [InlineData("{")]
    public void A_payload_that_is_no_plain_object_is_refused(string payload)
    {
        Assert.Null(Jws.Open(Jws.Sign(_key, "JWT", Encoding.UTF8.GetBytes(payload)), "JWT", _ => _key, out var fault));
        Assert.Equal(TokenFault.Malformed, fault);
    }

    [Fact]
    public void A_header_that_is_no_text_is_refused()
    {
        byte[] header = [.. "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        Assert.Null(Jws.Open(Signed(Base64Url.EncodeToString(header), "e30"), "JWT", _ => _key, out var fault));
        Assert.Equal(TokenFault.Malformed, fault);
    }

    private string Signed(string header, string payload) =>
        $"{header}.{payload}.{Base64Url.EncodeToString(_key.Sign(Encoding.ASCII.GetBytes($"{header}.{payload}")))}";
}
