using Veza.Api.Auth;
using Veza.Api.Configuration;
using Veza.Mail;
using Veza.Reactors.Accounts;

namespace Veza.Api.Accounts;

/// <summary>Registers the mailer, and the letters and tokens that it sends.</summary>
public static class MailServices
{
    /// <summary>In VEZA_HOME.</summary>
    public const string FolderName = "mail";

    /// <summary>
    /// Sends by SMTP when SMTP_HOST is set. Otherwise development writes files, and production sends nothing.
    /// </summary>
    public static void AddMail(this IServiceCollection services, VezaSettings settings, LastingKeys keys)
    {
        if (settings.Smtp is { } server)
            services.AddSingleton<IMailer>(new SmtpMailer(server));
        else if (settings.InProduction)
            services.AddSingleton<IMailer, NoMailer>();
        else
            services.AddSingleton<IMailer>(provider =>
            {
                var logger = provider.GetRequiredService<ILogger<FileMailer>>();
                var folder = Path.Combine(settings.VezaHome, FolderName);
                return new FileMailer(folder, provider.GetRequiredService<TimeProvider>(), (account, path) =>
                    logger.LogInformation(
                        "SMTP_HOST is not set: a mail about account {AccountId} is in {File}",
                        account,
                        path
                    )
                );
            });
        services.AddSingleton(new AccountLetters(settings.PublicUrl));
        services.AddSingleton(provider => new MailTokens(
            provider.GetRequiredService<SigningKeys>().DeriveAll,
            keys.Mailboxes
        ));
        services.AddSingleton<MailRequests>();
    }
}
