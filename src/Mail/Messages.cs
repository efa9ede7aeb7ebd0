using MimeKit;

namespace Veza.Mail;

/// <summary>Letters as internet messages (RFC 5322, MIME).</summary>
internal static class Messages
{
    public static MimeMessage Of(Letter letter, string from)
    {
        var body = new BodyBuilder { TextBody = letter.Text, HtmlBody = letter.Html };
        var message = new MimeMessage { Subject = letter.Subject, Body = body.ToMessageBody() };
        message.From.Add(new MailboxAddress("Veza", from));
        message.To.Add(new MailboxAddress(null, letter.To));
        // Keeps out-of-office programs from answering (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }
}
