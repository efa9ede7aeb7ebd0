using System.Text;
using Veza.Api.Auth;
using Veza.Domain.Accounts;

namespace Veza.Integration.Tests.Accounts;

public class TotpTests
{
    private static readonly byte[] Secret = "12345678901234567890"u8.ToArray();

    /// <summary>RFC 6238, appendix B, SHA-1.</summary>
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void The_standards_own_codes_come_out(long seconds, string code)
    {
        Assert.Equal(code, Totp.Code(Secret, seconds / Totp.StepSeconds, digits: 8));
        Assert.Equal(
            seconds / Totp.StepSeconds,
            Totp.Step(Secret, code[2..], DateTimeOffset.FromUnixTimeSeconds(seconds))
        );
    }

    /// <summary>RFC 4226, appendix D.</summary>
    [Fact]
    public void The_codes_of_counters_come_out_too() =>
        Assert.Equal(
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"],
            Enumerable.Range(0, 10).Select(i => Totp.Code(Secret, i))
        );

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void A_code_is_good_one_step_early_or_late(int off, bool good)
    {
        const long step = 50_000_000;
        Assert.Equal(
            good ? step + off : null,
            Totp.Step(
                Secret,
                Totp.Code(Secret, step + off),
                DateTimeOffset.FromUnixTimeSeconds(step * Totp.StepSeconds)
            )
        );
    }

    /// <summary>RFC 4648, section 10.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Base32_is_the_standards(string text, string base32) =>
        Assert.Equal(base32, Totp.Base32(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Secrets_and_recovery_codes_follow_from_key_and_seed_and_from_nothing_less()
    {
        var (key, seed) = (Encoding.ASCII.GetBytes(new string('e', 40)), Guid.CreateVersion7());
        var made = new TwoFactors(key, TimeProvider.System);
        Assert.Equal(made.Secret(seed), new TwoFactors(key, TimeProvider.System).Secret(seed));
        Assert.NotEqual(made.Secret(seed), made.Secret(Guid.CreateVersion7()));
        Assert.NotEqual(
            made.Secret(seed),
            new TwoFactors(Encoding.ASCII.GetBytes(new string('f', 40)), TimeProvider.System).Secret(seed)
        );
        Assert.Equal(TwoFactor.RecoveryCodesCount, made.RecoveryCodes(seed).Distinct().Count());
        Assert.Empty(made.RecoveryCodes(seed).Intersect(made.RecoveryCodes(Guid.CreateVersion7())));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000")]
    [InlineData("abcdef")]
    [InlineData("١٢٣٤٥٦")]
    public void A_text_that_is_no_code_is_refused(string code)
    {
        var read = new TwoFactors(new byte[32], TimeProvider.System).Read(
            new(Guid.CreateVersion7(), true, 0, []),
            code
        );
        Assert.Equal((null, null), (read!.Step, read.RecoveryCode));
    }
}
