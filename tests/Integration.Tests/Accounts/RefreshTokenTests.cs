using System.Security.Cryptography;
using System.Text;
using Veza.Api.Auth;
using Veza.Api.Http;

namespace Veza.Integration.Tests.Accounts;

public class RefreshTokenTests
{
    private static readonly Guid Session = Guid.CreateVersion7();
    private readonly RefreshTokens _tokens = Of('s');

    [Fact]
    public void A_token_leads_to_its_session_and_only_its_hash_is_exposed()
    {
        var made = _tokens.Make(Session, repeat: null);
        Assert.Equal(made, _tokens.Read(made.Text));
        Assert.Equal(Session, made.Id);
        Assert.DoesNotContain(made.Text, made.ToString());
    }

    [Fact]
    public void No_two_tokens_are_alike() =>
        Assert.NotEqual(_tokens.Make(Session, null).Hash, _tokens.Make(Session, null).Hash);

    [Fact]
    public void The_same_request_again_gets_the_same_token_and_another_request_another()
    {
        var first = _tokens.Make(Session, Key("key", "request"));
        Assert.Equal(first, _tokens.Make(Session, Key("key", "request")));
        Assert.NotEqual(first, _tokens.Make(Session, Key("other", "request")));
        Assert.NotEqual(first, _tokens.Make(Session, Key("key", "other")));
        Assert.NotEqual(first.Hash, _tokens.Make(Guid.CreateVersion7(), Key("key", "request")).Hash);
        Assert.NotEqual(first, Of('t').Make(Session, Key("key", "request")));
    }

    [Fact]
    public void Every_character_of_a_token_counts()
    {
        var text = _tokens.Make(Session, null).Text;
        for (var i = 0; i < text.Length; i++)
            Assert.Null(_tokens.Read(text[..i] + (text[i] == 'A' ? 'Q' : 'A') + text[(i + 1)..]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("                                                                                      ")]
    [InlineData("ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ")]
    public void A_text_that_was_never_issued_is_not_read(string? text) => Assert.Null(_tokens.Read(text));

    [Fact]
    public void Another_secret_knows_none_of_them() => Assert.Null(Of('t').Read(_tokens.Make(Session, null).Text));

    private static RefreshTokens Of(char secret) =>
        new(new(Encoding.ASCII.GetBytes(new string(secret, 40)), TimeProvider.System));

    private static IdempotencyKey Key(string key, string request) =>
        new(key, SHA256.HashData(Encoding.UTF8.GetBytes(request)));
}
