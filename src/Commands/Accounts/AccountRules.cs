using System.Diagnostics.CodeAnalysis;
using FluentValidation;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Validation rules for user names, e-mail addresses, roles and device names.</summary>
public static class AccountRules
{
    public static IRuleBuilderOptions<T, string> MustBeUserName<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(name =>
                name is { Length: >= Account.UserNameMin and <= Account.UserNameMax } && name.All(IsUserNameCharacter)
            )
            .WithMessage(
                $"{{PropertyName}} is \"{{PropertyValue}}\"; {Account.UserNameMin} to {Account.UserNameMax} "
                    + "of a-z, 0-9, _ and . are allowed"
            );

    /// <summary>ASCII only: otherwise addresses that merely look alike would be different accounts.</summary>
    public static IRuleBuilderOptions<T, string> MustBeEmail<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(IsEmail)
            .WithMessage(
                $"{{PropertyName}} is \"{{PropertyValue}}\", "
                    + $"which is not an e-mail address of at most {Account.EmailMax} characters"
            );

    public static IRuleBuilderOptions<T, string> MustBeGranted<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(role => role is not null && PlatformRole.Granted.Contains(role))
            .WithMessage(
                $"{{PropertyName}} is \"{{PropertyValue}}\"; {string.Join(", ", PlatformRole.Granted)} can be granted"
            );

    /// <summary>Null, or one line.</summary>
    public static IRuleBuilderOptions<T, string?> MustBeDevice<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(device =>
                device is null
                || device.Length is > 0 and <= Session.DeviceMax
                    && !device.Any(char.IsControl)
                    && !string.IsNullOrWhiteSpace(device)
            )
            .WithMessage($"{{PropertyName}} must be one line of 1 to {Session.DeviceMax} characters");

    private static bool IsUserNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.';

    public static bool IsEmail([NotNullWhen(true)] string? text)
    {
        if (
            text is not { Length: > 0 and <= Account.EmailMax }
            || text.Split('@') is not [{ Length: > 0 and <= 64 } local, var domain]
        )
            return false;
        var labels = domain.Split('.');
        return local.All(c => char.IsAsciiLetterOrDigit(c) || ".!#$%&'*+-/=?^_`{|}~".Contains(c))
            && !local.StartsWith('.')
            && !local.EndsWith('.')
            && !local.Contains("..")
            && labels.Length > 1
            && labels.All(l =>
                l.Length is > 0 and <= 63
                && l.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
                && !l.StartsWith('-')
                && !l.EndsWith('-')
            );
    }
}
