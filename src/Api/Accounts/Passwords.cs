using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Veza.Domain.Accounts;

namespace Veza.Api.Accounts;

/// <summary>
/// Decides which passwords are allowed, and hashes them with ASP.NET Core Identity's hasher: PBKDF2 with HMAC-SHA-512
/// and a random salt for each.
/// </summary>
public sealed class Passwords
{
    public const int LengthMin = 10;

    /// <summary>Room for any passphrase; it bounds the input of the hash.</summary>
    public const int LengthMax = 200;

    /// <summary>
    /// OWASP's password storage cheat sheet (2023) for PBKDF2 with HMAC-SHA-512: about a tenth of a second of one core.
    /// </summary>
    public const int Iterations = 210_000;

    private static readonly FrozenSet<string> Commonest = ReadCommonest();

    private readonly IPasswordHasher<Account> _hasher;
    private readonly string _nobodys;

    /// <param name="hasher">Replaces the production hasher in tests that count its calls.</param>
    public Passwords(IPasswordHasher<Account>? hasher = null)
    {
        _hasher = hasher
            ?? new PasswordHasher<Account>(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
        _nobodys = Hash(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
    }

    /// <returns>Why a new password is not allowed; null when it is.</returns>
    public static string? Wrong(string? password)
    {
        // In code points, as NIST SP 800-63B counts them.
        var length = password?.EnumerateRunes().Count() ?? 0;
        return length < LengthMin
                ? $"password has {length.ToString(CultureInfo.InvariantCulture)} characters; at least {LengthMin} are needed"
            : length > LengthMax
                ? $"password has {length.ToString(CultureInfo.InvariantCulture)} characters; at most {LengthMax} are allowed"
            : Commonest.Contains(password!.ToLowerInvariant())
                ? "password is among the commonest; take one that others do not have"
            : null;
    }

    /// <summary>Whether a text can be a password at all. One that cannot is refused without hashing.</summary>
    public static bool CanBeOne([NotNullWhen(true)] string? password) =>
        password is { Length: > 0 and <= LengthMax * 2 };

    public string Hash(string password) => _hasher.HashPassword(null!, password);

    /// <param name="hash">Null when there is no such account; the refusal then takes just as long.</param>
    public bool Fits(string? hash, string? password)
    {
        var shown = CanBeOne(password) ? password : "";
        return _hasher.VerifyHashedPassword(null!, hash ?? _nobodys, shown) != PasswordVerificationResult.Failed
            && hash is not null
            && shown.Length > 0;
    }

    private static FrozenSet<string> ReadCommonest()
    {
        using var list = new StreamReader(
            typeof(Passwords).Assembly.GetManifestResourceStream("Veza.Api.Accounts.commonest-passwords.txt")!
        );
        return list.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet();
    }
}
