using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Veza.Api.Auth;

namespace Veza.Integration.Tests.Accounts;

public class AccessTokenTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes(new string('s', 40));

    private readonly SetClock _clock = new(new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));
    private readonly SigningKeys _keys;
    private readonly AccessTokens _tokens;
    private readonly Guid _account = Guid.CreateVersion7();
    private readonly Guid _session = Guid.CreateVersion7();

    public AccessTokenTests()
    {
        _keys = new(Secret, _clock);
        _tokens = new(_keys, _clock);
    }

    private static string Day(SigningKey key) => key.Id.Split('.')[0];

    private string Token => _tokens.Issue(_account, _session, ["analyst", "user"]);

    [Fact]
    public void A_token_says_who_calls_and_what_they_may_do()
    {
        var read = _tokens.Read(Token, out var fault);
        Assert.Equal(TokenFault.None, fault);
        Assert.Equal((_account, _session), (read!.Caller.AccountId, read.Caller.SessionId));
        Assert.Equal(["analyst", "user"], read.Caller.Roles.Order());
        Assert.Equal([Scope.LogRead], read.Caller.Scopes);
    }

    [Theory]
    [InlineData("user", false)]
    [InlineData("moderator", false)]
    [InlineData("analyst", true)]
    [InlineData("operator", true)]
    public void Analysts_and_operators_may_read_the_log(string role, bool may) =>
        Assert.Equal(may, Scope.Of([role]).Contains(Scope.LogRead));

    [Fact]
    public void Another_node_with_the_same_secret_reads_it() =>
        Assert.NotNull(new AccessTokens(new(Secret, _clock), _clock).Read(Token, out _));

    [Fact]
    public void A_key_is_what_the_secret_and_the_day_make_it()
    {
        // The same point as Node.js computes it: HKDF-SHA256 without salt, info "veza access token ES256 2026-11-20",
        // 48 bytes, modulo n - 1, plus 1.
        Assert.StartsWith("2026-11-20.", _keys.Current.Id, StringComparison.Ordinal);
        Assert.Equal("6Qi1Pce9UtB77k2SzibeWRfYGSn6MQ8Fb8XEpLz3AiI", Jwk.Of(_keys.Current).X);
    }

    [Fact]
    public void Another_secret_reads_nothing_of_it()
    {
        var others = new AccessTokens(new(Encoding.ASCII.GetBytes(new string('t', 40)), _clock), _clock);
        Assert.Null(others.Read(Token, out var fault));
        Assert.Equal(TokenFault.UnknownKey, fault);
    }

    [Fact]
    public void A_secret_that_is_too_short_is_refused() =>
        Assert.Throws<ArgumentException>(() => new SigningKeys(new byte[SigningKeys.SecretBytesMin - 1], _clock));

    [Fact]
    public void A_token_is_good_for_its_life_and_the_clocks_difference_and_no_longer()
    {
        var token = Token;
        _clock.Now += AccessTokens.Life + AccessTokens.ClockSkew - TimeSpan.FromSeconds(1);
        Assert.NotNull(_tokens.Read(token, out _));
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.Null(_tokens.Read(token, out var fault));
        Assert.Equal(TokenFault.Expired, fault);
    }

    [Fact]
    public void A_token_from_a_clock_that_is_ahead_is_good_within_the_clocks_difference()
    {
        var token = Token;
        _clock.Now -= AccessTokens.ClockSkew;
        Assert.NotNull(_tokens.Read(token, out _));
        _clock.Now -= TimeSpan.FromSeconds(1);
        Assert.Null(_tokens.Read(token, out var fault));
        Assert.Equal(TokenFault.NotYetValid, fault);
    }

    [Fact]
    public void Yesterdays_key_is_good_until_its_last_token_ends()
    {
        _clock.Now = new(2026, 11, 20, 23, 59, 59, TimeSpan.Zero);
        var token = Token;
        _clock.Now += AccessTokens.Life;
        Assert.Equal("2026-11-21", Day(_keys.Current));
        Assert.NotNull(_tokens.Read(token, out _));
        Assert.Equal(["2026-11-20", "2026-11-21", "2026-11-22"], _keys.Published.Select(Day));
        var yesterdays = _keys.Published[0].Id;
        _clock.Now += AccessTokens.ClockSkew + TimeSpan.FromSeconds(1);
        Assert.Null(_keys.Find(yesterdays));
        Assert.Equal(["2026-11-21", "2026-11-22"], _keys.Published.Select(Day));
    }

    [Fact]
    public void Tomorrows_key_is_published_but_signs_nothing_yet()
    {
        Assert.Equal(["2026-11-20", "2026-11-21"], _keys.Published.Select(Day));
        Assert.Null(_keys.Find(_keys.Published[1].Id));
    }

    [Theory]
    [InlineData("2026-11-19")]
    [InlineData("2026-11-21")]
    [InlineData("1970-01-01")]
    [InlineData("")]
    [InlineData("../jwt.secret")]
    public void A_key_of_another_day_is_not_found(string day)
    {
        Assert.Null(_keys.Find(day));
        Assert.Null(_keys.Find(day + _keys.Current.Id[_keys.Current.Id.IndexOf('.', StringComparison.Ordinal)..]));
    }

    [Fact]
    public void While_the_secret_is_replaced_every_node_reads_the_tokens_of_every_other()
    {
        var other = Encoding.ASCII.GetBytes(new string('t', 40));
        SigningKeys[] nodes = [_keys, new(Secret, _clock, other), new(other, _clock, Secret), new(other, _clock)];
        // The nodes of one step at a time, and those of the next.
        foreach (var (former, next) in nodes.Zip(nodes.Skip(1)))
        {
            var tokens = new AccessTokens(former, _clock).Issue(_account, _session, []);
            if (next != nodes[^1])
                Assert.NotNull(new AccessTokens(next, _clock).Read(tokens, out _));
            tokens = new AccessTokens(next, _clock).Issue(_account, _session, []);
            if (former != nodes[0])
                Assert.NotNull(new AccessTokens(former, _clock).Read(tokens, out _));
        }
        // A name of a key means one key, on every node.
        Assert.All(nodes.SelectMany(n => n.Published).GroupBy(k => k.Id), same =>
            Assert.Single(same.Select(k => Jwk.Of(k).X).Distinct())
        );
        // In the last step nothing of the former secret is accepted.
        Assert.Null(new AccessTokens(nodes[3], _clock).Read(Token, out _));
    }

    [Fact]
    public void While_the_secret_is_replaced_refresh_tokens_and_keys_of_both_secrets_are_known()
    {
        var other = Encoding.ASCII.GetBytes(new string('t', 40));
        var former = new RefreshTokens(_keys).Make(_session, repeat: null);
        Assert.NotNull(new RefreshTokens(new(other, _clock, Secret)).Read(former.Text));
        Assert.Null(new RefreshTokens(new(other, _clock)).Read(former.Text));
        Assert.Null(new ApiKeyTokens(new(other, _clock, Secret)).Read(former.Text));
    }

    public static TheoryData<string, string?> Claims =>
        new()
        {
            { "iss", "\"other\"" },
            { "iss", null },
            { "aud", "\"other\"" },
            { "aud", "[\"veza\"]" },
            { "aud", null },
            { "sub", "\"me\"" },
            { "sub", "1" },
            { "sub", null },
            { "sid", "\"me\"" },
            { "sid", null },
            { "iat", "\"1795176000\"" },
            { "iat", "1.5" },
            { "iat", "-1" },
            { "iat", "9223372036854775807" },
            { "iat", null },
            { "nbf", null },
            { "exp", null },
            { "exp", "1e300" },
            { "exp", "253402300799" },
            { "roles", "\"operator\"" },
            { "roles", "[1]" },
            { "roles", null },
            { "scope", "[\"log:read\"]" },
            { "scope", null },
        };

    [Theory, MemberData(nameof(Claims))]
    public void Claims_that_are_not_as_they_must_be_are_refused_though_the_signature_is_right(
        string claim,
        string? value
    )
    {
        Assert.Null(
            _tokens.Read(
                Signed(claims =>
                {
                    if (value is null)
                        claims.Remove(claim);
                    else
                        claims[claim] = JsonNode.Parse(value);
                }),
                out var fault
            )
        );
        Assert.Equal(TokenFault.WrongClaims, fault);
    }

    [Fact]
    public void A_token_whose_time_has_not_come_is_refused()
    {
        Assert.Null(_tokens.Read(Signed(c => c["nbf"] = _clock.Now.ToUnixTimeSeconds() + 31), out var fault));
        Assert.Equal(TokenFault.NotYetValid, fault);
    }

    [Fact]
    public void A_payload_that_was_changed_is_refused()
    {
        var parts = Token.Split('.');
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        claims["roles"] = new JsonArray("operator");
        Assert.Null(
            _tokens.Read(
                $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}.{parts[2]}",
                out var fault
            )
        );
        Assert.Equal(TokenFault.WrongSignature, fault);
    }

    [Fact]
    public void Every_character_of_a_token_counts()
    {
        var token = Token;
        for (var i = 0; i < token.Length; i++)
            Assert.Null(_tokens.Read(token[..i] + (token[i] == 'A' ? 'B' : 'A') + token[(i + 1)..], out _));
    }

    /// <summary>A token of today's key, whose claims were changed before it was signed.</summary>
    private string Signed(Action<JsonObject> change)
    {
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(Token.Split('.')[1]))!.AsObject();
        change(claims);
        return Jws.Sign(_keys.Current, "at+jwt", JsonSerializer.SerializeToUtf8Bytes(claims));
    }
}
