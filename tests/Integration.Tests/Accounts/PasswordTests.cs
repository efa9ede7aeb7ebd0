using Veza.Api.Accounts;

namespace Veza.Integration.Tests.Accounts;

public class PasswordTests
{
    private static readonly Passwords Passwords = new();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("123456789")]
    [InlineData("🔥🔥🔥🔥🔥")]
    [InlineData("password123")]
    [InlineData("PassWord123")]
    [InlineData("1234567890")]
    [InlineData("qwertyuiop")]
    [InlineData("correct horse battery staple")]
    public void A_short_or_common_password_is_refused(string? password) =>
        Assert.NotNull(Api.Accounts.Passwords.Wrong(password));

    [Fact]
    public void A_password_may_have_two_hundred_characters_and_no_more()
    {
        Assert.Null(Api.Accounts.Passwords.Wrong(new string('x', 199) + "é"));
        Assert.NotNull(Api.Accounts.Passwords.Wrong(new string('x', 200) + "é"));
    }

    [Fact]
    public void Ten_characters_of_any_kind_are_enough() =>
        Assert.Null(Api.Accounts.Passwords.Wrong("🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥"));

    [Fact]
    public void A_password_fits_its_own_hash_only()
    {
        var hash = Passwords.Hash("a very good one");
        Assert.True(Passwords.Fits(hash, "a very good one"));
        Assert.False(Passwords.Fits(hash, "a very good onf"));
        Assert.False(Passwords.Fits(hash, ""));
        Assert.False(Passwords.Fits(hash, null));
        Assert.False(Passwords.Fits(hash, new string('x', 100_000)));
        Assert.NotEqual(hash, Passwords.Hash("a very good one"));
    }

    [Fact]
    public void Nothing_fits_an_account_that_is_not_there()
    {
        Assert.False(Passwords.Fits(null, "a very good one"));
        Assert.False(Passwords.Fits(null, ""));
    }

    [Fact]
    public void A_hash_says_that_it_was_made_with_as_many_rounds_as_it_should()
    {
        // Identity's format 3: marker, PRF (2 is HMAC-SHA-512), rounds, salt length; big endian.
        var bytes = Convert.FromBase64String(Passwords.Hash("a very good one"));
        Assert.Equal(1, bytes[0]);
        Assert.Equal(2, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(1)));
        Assert.Equal(
            Api.Accounts.Passwords.Iterations,
            System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(5))
        );
    }
}
