using System.Net;
using Veza.Domain.Accounts;
using Veza.Mail;

namespace Veza.Reactors.Accounts;

/// <summary>What is mailed about an account, in English.</summary>
/// <remarks>No letter holds a text that somebody chose, not even a user name: otherwise strangers could have us mail
/// what they like.</remarks>
/// <param name="publicUrl">PUBLIC_URL, which links lead to. Tokens stand behind the #, which browsers do not send and
/// servers do not log.</param>
public sealed class AccountLetters(Uri publicUrl)
{
    public const string ProvePath = "/prove-email";
    public const string ResetPath = "/reset-password";

    private readonly string _site = publicUrl.AbsoluteUri.TrimEnd('/');

    public Letter EmailProof(Guid account, string to, string token) =>
        Compose(
            account,
            to,
            "Confirm your e-mail address",
            "Somebody, probably you, gave this address for an account on Veza. Confirm it to sign in with it and to get back in "
                + "when you forget your password.",
            ("Confirm this address", $"{_site}{ProvePath}#{token}"),
            $"The link is good once, for {Domain.Accounts.EmailProof.Life.TotalHours:0} hours. If it was not you, ignore this "
                + "mail: without the link, the address counts for nothing."
        );

    public Letter EmailHeld(Guid account, string to) =>
        Compose(
            account,
            to,
            "Somebody gave your e-mail address",
            "Somebody tried to use this address for an account on Veza, where it is the address of your account already. "
                + "Nothing has changed for you.",
            link: null,
            "If it was you: sign in to the account that you have. If you forgot its password, ask for a new one by this address."
        );

    public Letter EmailReplaced(Guid account, string to) =>
        Compose(
            account,
            to,
            "Your account has another e-mail address",
            "Your account on Veza has another e-mail address now. This one no longer signs in, and can be used for another "
                + "account.",
            link: null,
            "If it was not you, somebody knows your password: ask the operator of this server for a new one at once."
        );

    public Letter PasswordReset(Guid account, string to, string token) =>
        Compose(
            account,
            to,
            "Set a new password",
            "Somebody, probably you, asked for a new password for your account on Veza.",
            ("Set a new password", $"{_site}{ResetPath}#{token}"),
            $"The link is good once, for {MailedReset.Life.TotalMinutes:0} minutes. If it was not you, ignore this mail: your "
                + "password stays as it is."
        );

    private static Letter Compose(
        Guid account,
        string to,
        string subject,
        string first,
        (string Text, string Url)? link,
        string last
    )
    {
        var linked = link is { } plain ? $"{plain.Text}:\n{plain.Url}\n\n" : "";
        var anchor = link is { } shown ? $"<p><a href=\"{Html(shown.Url)}\">{Html(shown.Text)}</a></p>\n" : "";
        var page =
            $"<!doctype html>\n<html lang=\"en\"><body>\n<p>{Html(first)}</p>\n{anchor}<p>{Html(last)}</p>\n</body></html>\n";
        return new(account, to, subject, $"{first}\n\n{linked}{last}\n", page);
    }

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}
