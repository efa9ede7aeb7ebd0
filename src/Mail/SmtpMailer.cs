using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Veza.Mail;

/// <summary>How the connection to the mail server is protected.</summary>
public enum SmtpTls
{
    /// <summary>
    /// Begun in the clear, then encrypted before anything is said (RFC 3207); a server that cannot is not used.
    /// </summary>
    StartTls,

    /// <summary>Encrypted from the first byte (RFC 8314).</summary>
    Implicit,

    /// <summary>In the clear.</summary>
    Off,
}

/// <param name="User">Null when the server wants none.</param>
/// <param name="Password">Given with <paramref name="User"/>.</param>
/// <param name="From">The address that letters come from.</param>
public sealed record SmtpServer(string Host, int Port, string? User, string? Password, SmtpTls Tls, string From)
{
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>Sends letters over SMTP, to SMTP_HOST and nowhere else, with a connection for each.</summary>
/// <remarks>
/// The one place of the product that calls out. Where to is the operator's setting alone: nothing that a person wrote
/// names a host. Certificates are verified, without asking their issuers whether they are revoked, which would be
/// calling others.
/// </remarks>
public sealed class SmtpMailer(SmtpServer server) : IMailer
{
    /// <summary>For each step of a conversation; a server that is slower is tried again later.</summary>
    private static readonly TimeSpan StepMax = TimeSpan.FromSeconds(30);

    public bool IsConfigured => true;

    public async Task SendAsync(Letter letter, CancellationToken ct)
    {
        using var client = new SmtpClient
        {
            Timeout = (int)StepMax.TotalMilliseconds,
            CheckCertificateRevocation = false,
        };
        try
        {
            await client.ConnectAsync(server.Host, server.Port, Options(server.Tls), ct);
            if (server.User is not null)
                await client.AuthenticateAsync(server.User, server.Password!, ct);
            using var message = Messages.Of(letter, server.From);
            await client.SendAsync(message, ct);
        }
        // What a server says of a recipient or a text quotes them: only its numbers go further.
        catch (SmtpCommandException no) when (IsFinal(no))
        {
            throw new MailRefusedException(Said(no));
        }
        catch (SmtpCommandException no)
        {
            throw new MailUnavailableException(Said(no));
        }
        catch (AuthenticationException)
        {
            throw new MailUnavailableException($"the mail server {server} does not take SMTP_USER and SMTP_PASSWORD");
        }
        catch (Exception fault) when (IsUnavailable(fault))
        {
            throw new MailUnavailableException($"the mail server {server} cannot be used: {fault.GetType().Name}");
        }
        // It was taken; how the connection ends is no matter.
        try
        {
            await client.DisconnectAsync(quit: true, ct);
        }
        catch (Exception fault) when (IsUnavailable(fault)) { }
    }

    public void Forget(Guid accountId) { }

    private string Said(SmtpCommandException no) =>
        $"the mail server {server} said {(int)no.StatusCode} ({no.ErrorCode})";

    /// <summary>
    /// A refused sender is the operator's setting, which can be mended; a refused recipient or text is not.
    /// </summary>
    private static bool IsFinal(SmtpCommandException no) =>
        (int)no.StatusCode >= 500
        && no.ErrorCode is (SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted);

    private static bool IsUnavailable(Exception fault) =>
        fault
            is SocketException
                or IOException
                or SslHandshakeException
                or ProtocolException
                or ServiceNotConnectedException
                or ServiceNotAuthenticatedException
                or NotSupportedException
                or TimeoutException
                or CommandException;

    private static SecureSocketOptions Options(SmtpTls tls) =>
        tls switch
        {
            SmtpTls.StartTls => SecureSocketOptions.StartTls,
            SmtpTls.Implicit => SecureSocketOptions.SslOnConnect,
            SmtpTls.Off => SecureSocketOptions.None,
            _ => throw new ArgumentOutOfRangeException(nameof(tls), tls, "no kind of protection"),
        };
}
