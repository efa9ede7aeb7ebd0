namespace Veza.Mail;

/// <summary>Sends mail. All members are safe from any thread.</summary>
public interface IMailer
{
    /// <summary>Whether it can send at all. If not, the API refuses the features that need mail.</summary>
    bool IsConfigured { get; }

    /// <summary>Sends a letter. Its exceptions reveal neither the address nor the text.</summary>
    /// <exception cref="MailRefusedException">The server will never accept this letter.</exception>
    /// <exception cref="MailUnavailableException">
    /// The server does not accept it now. The same letter may be sent again later.
    /// </exception>
    Task SendAsync(Letter letter, CancellationToken ct);

    /// <summary>Deletes stored letters about an erased account.</summary>
    void DeleteLetters(Guid accountId);
}

/// <summary>
/// The server will never accept this letter, for example because its recipient is unknown.
/// </summary>
public sealed class MailRefusedException(string reason) : Exception(reason);

/// <summary>The server is away or does not accept mail now.</summary>
public sealed class MailUnavailableException(string reason) : Exception(reason);

/// <summary>Sends nothing, for a server without SMTP_HOST.</summary>
public sealed class NoMailer : IMailer
{
    public bool IsConfigured => false;

    public Task SendAsync(Letter letter, CancellationToken ct) =>
        throw new MailUnavailableException("SMTP_HOST is not set");

    public void DeleteLetters(Guid accountId) { }
}
