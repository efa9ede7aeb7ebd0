using MimeKit;

namespace Veza.Mail;

/// <summary>Letters in the form in which they travel (RFC 5322, MIME).</summary>
internal static class Messages
{
    public static MimeMessage Of(Letter letter, string from)
    {
        var body = new BodyBuilder { TextBody = letter.Text, HtmlBody = letter.Html };
        var message = new MimeMessage { Subject = letter.Subject, Body = body.ToMessageBody() };
        message.From.Add(new MailboxAddress("Veza", from));
        message.To.Add(new MailboxAddress(null, letter.To));
        // So that no out-of-office answers it (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }
}
