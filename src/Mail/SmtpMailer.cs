using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Veza.Mail;

/// <summary>The encryption of the connection to the mail server.</summary>
public enum SmtpTls
{
    /// <summary>
    /// Encrypted by STARTTLS before anything else is sent (RFC 3207). A server without it is not used.
    /// </summary>
    StartTls,

    /// <summary>Encrypted from the first byte (RFC 8314).</summary>
    Implicit,

    /// <summary>Not encrypted.</summary>
    Off,
}

/// <summary>The mail server of the operator's settings.</summary>
/// <param name="User">Null when the server needs no sign-in.</param>
/// <param name="Password">Set together with <paramref name="User"/>.</param>
/// <param name="From">The sender's address of all letters.</param>
public sealed record SmtpServer(string Host, int Port, string? User, string? Password, SmtpTls Tls, string From)
{
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>
/// Sends letters over SMTP to SMTP_HOST, with one connection for each letter. Any thread may call it.
/// </summary>
/// <remarks>
/// Only this class of the product connects to other servers. The operator's setting alone names the host, and no user's
/// text does. Certificates are verified without a check for revocation, which would connect to their issuers.
/// </remarks>
public sealed class SmtpMailer(SmtpServer server) : IMailer
{
    /// <summary>Of each step of a conversation. A slower server counts as unavailable.</summary>
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
        // The server's texts quote the recipient or the letter, so only its numbers go into the exception.
        catch (SmtpCommandException no) when (IsFinal(no))
        {
            throw new MailRefusedException(Numbers(no));
        }
        catch (SmtpCommandException no)
        {
            throw new MailUnavailableException(Numbers(no));
        }
        catch (AuthenticationException)
        {
            throw new MailUnavailableException($"the mail server {server} does not take SMTP_USER and SMTP_PASSWORD");
        }
        catch (Exception fault) when (IsUnavailable(fault))
        {
            throw new MailUnavailableException($"the mail server {server} cannot be used: {fault.GetType().Name}");
        }
        // The server accepted the letter, so a fault while disconnecting does not matter.
        try
        {
            await client.DisconnectAsync(quit: true, ct);
        }
        catch (Exception fault) when (IsUnavailable(fault)) { }
    }

    public void DeleteLetters(Guid accountId) { }

    private string Numbers(SmtpCommandException no) =>
        $"the mail server {server} answered {(int)no.StatusCode} ({no.ErrorCode})";

    /// <summary>
    /// Whether the refusal is permanent. A refused recipient or text is; the operator can correct a refused sender.
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
            _ => throw new ArgumentOutOfRangeException(nameof(tls), tls, "not a kind of encryption"),
        };
}
