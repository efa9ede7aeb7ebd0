using System.Net;
using Veza.Domain.Accounts;
using Veza.Mail;

namespace Veza.Reactors.Accounts;

/// <summary>The mails about an account, in English.</summary>
/// <remarks>
/// No letter holds a text that a user chose, not even a user name. Otherwise strangers could make Veza mail their
/// texts.
/// </remarks>
/// <param name="publicUrl">
/// The setting PUBLIC_URL, the target of the links. Tokens come after the #, which browsers do not send and servers do
/// not log.
/// </param>
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
            "Someone, probably you, gave this address for an account on Veza. Confirm it to sign in with it and to get "
                + "back in when you have lost your password.",
            ("Confirm this address", $"{_site}{ProvePath}#{token}"),
            $"The link works once, for {Domain.Accounts.EmailProof.Life.TotalHours:0} hours. If it was not you, ignore "
                + "this mail: without the link, the address has no effect."
        );

    public Letter EmailHeld(Guid account, string to) =>
        Compose(
            account,
            to,
            "Someone gave your e-mail address",
            "Someone tried to use this address for an account on Veza, where it already belongs to your account. "
                + "Nothing has changed for you.",
            link: null,
            "If it was you: sign in to the account that you have. If you have lost its password, ask for a new one "
                + "with this address."
        );

    public Letter EmailReplaced(Guid account, string to) =>
        Compose(
            account,
            to,
            "Your account has another e-mail address",
            "Your account on Veza has another e-mail address now. This one no longer signs in, and can be used for "
                + "another account.",
            link: null,
            "If it was not you, someone knows your password: ask the operator of this server for a new one immediately."
        );

    public Letter PasswordReset(Guid account, string to, string token) =>
        Compose(
            account,
            to,
            "Set a new password",
            "Someone, probably you, asked for a new password for your account on Veza.",
            ("Set a new password", $"{_site}{ResetPath}#{token}"),
            $"The link works once, for {MailedReset.Life.TotalMinutes:0} minutes. If it was not you, ignore this mail: "
                + "your password stays as it is."
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
        var (textLink, htmlLink) = ("", "");
        if (link is var (caption, url))
        {
            textLink = $"{caption}:\n{url}\n\n";
            htmlLink = $"<p><a href=\"{Html(url)}\">{Html(caption)}</a></p>\n";
        }
        var page =
            $"<!doctype html>\n<html lang=\"en\"><body>\n<p>{Html(first)}</p>\n{htmlLink}"
            + $"<p>{Html(last)}</p>\n</body></html>\n";
        return new(account, to, subject, $"{first}\n\n{textLink}{last}\n", page);
    }

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}
