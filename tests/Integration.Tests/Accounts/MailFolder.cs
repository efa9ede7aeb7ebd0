using System.Text.RegularExpressions;
using MimeKit;

namespace Veza.Integration.Tests.Accounts;

/// <summary>The mails that a server without SMTP_HOST writes into its folder.</summary>
internal sealed class MailFolder(string home)
{
    private readonly string _folder = Path.Combine(home, Api.Accounts.MailServices.FolderName);

    /// <summary>The mails about an account, oldest first.</summary>
    public async Task<List<MimeMessage>> AboutAsync(Guid account)
    {
        var mails = new List<MimeMessage>();
        if (!Directory.Exists(_folder))
            return mails;
        foreach (var file in Directory.GetFiles(_folder, $"*-{account:N}.eml").Order(StringComparer.Ordinal))
            mails.Add(await MimeMessage.LoadAsync(file, TestContext.Current.CancellationToken));
        return mails;
    }

    /// <summary>The newest mail about an account with this subject, once there are that many.</summary>
    public async Task<MimeMessage> WaitAsync(Guid account, string subject, int count = 1)
    {
        List<MimeMessage> found = [];
        await Eventually.TrueAsync(
            async () => (found = [.. (await AboutAsync(account)).Where(m => m.Subject == subject)]).Count >= count,
            what: $"mail {count}: {subject}"
        );
        return found[^1];
    }

    public static string Token(MimeMessage mail) =>
        Regex.Match(mail.TextBody!, "#([A-Za-z0-9_-]{86})\\s").Groups[1].Value;
}
