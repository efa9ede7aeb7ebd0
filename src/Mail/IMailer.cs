namespace Veza.Mail;

/// <summary>Sends mail. All members are safe from any thread.</summary>
public interface IMailer
{
    /// <summary>False where there is no way to send anything: then features that need mail are refused.</summary>
    bool IsConfigured { get; }

    /// <summary>Hands a letter over. What it throws says nothing of the address or the text.</summary>
    /// <exception cref="MailRefusedException">The server will never take this letter.</exception>
    /// <exception cref="MailUnavailableException">The server does not take it now; the same letter may be sent again
    /// later.</exception>
    Task SendAsync(Letter letter, CancellationToken ct);

    /// <summary>Deletes what is kept here of letters about an account that is erased.</summary>
    void Forget(Guid accountId);
}

/// <summary>
/// The server has said that it will never take this letter, such as for a recipient that it does not know.
/// </summary>
public sealed class MailRefusedException(string reason) : Exception(reason);

/// <summary>The server is not there, or does not take mail now.</summary>
public sealed class MailUnavailableException(string reason) : Exception(reason);

/// <summary>Where no mail server is set: nothing is sent.</summary>
public sealed class NoMailer : IMailer
{
    public bool IsConfigured => false;

    public Task SendAsync(Letter letter, CancellationToken ct) =>
        throw new MailUnavailableException("SMTP_HOST is not set");

    public void Forget(Guid accountId) { }
}
