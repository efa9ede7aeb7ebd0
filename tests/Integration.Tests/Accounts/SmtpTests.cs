using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using MimeKit;
using Npgsql;
using SmtpServer;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Veza.Integration.Tests.Accounts;

/// <summary>Mail by a real SMTP server.</summary>
public sealed class SmtpTests
{
    private readonly int _port = Loopback.FreePort();

    private VezaServer Server(params (string, string)[] more) =>
        new()
        {
            More =
            [
                ("SMTP_HOST", "127.0.0.1"),
                ("SMTP_PORT", _port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                ("SMTP_TLS", "off"),
                ("MAIL_FROM", "veza@example.com"),
                ("PUBLIC_URL", "https://veza.example"),
                .. more,
            ],
        };

    [Fact]
    public async Task Mail_waits_for_a_server_that_is_away_and_has_the_sender_and_the_links_of_the_settings()
    {
        var veza = Server();
        await veza.InitializeAsync();
        await using var owned = veza;
        var ada = await veza.RegisterAsync("ada");
        await using var smtp = new MailServer(_port);
        await Eventually.TrueAsync(() => !smtp.Taken.IsEmpty);
        var mail = Assert.Single(smtp.Taken);
        Assert.Equal(
            ("veza@example.com", $"{ada.UserName}@example.org"),
            (mail.From.Mailboxes.Single().Address, mail.To.Mailboxes.Single().Address)
        );
        Assert.Contains($"https://veza.example/prove-email#{MailFolder.Token(mail)}", mail.TextBody);
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/email/prove", new { token = MailFolder.Token(mail) })
            .JsonAsync();
        await veza
            .Anonymous.PostAsync(
                "/api/v1/sessions",
                new { name = $"{ada.UserName}@example.org", password = "correct horse battery" }
            )
            .JsonAsync(HttpStatusCode.Created);
        Assert.False(Directory.Exists(Path.Combine(veza.Home, "mail")));
    }

    [Fact]
    public async Task A_mail_that_the_server_refuses_for_good_is_given_up_without_its_address_and_holds_up_no_other()
    {
        await using var smtp = new MailServer(_port);
        var veza = Server();
        await veza.InitializeAsync();
        await using var owned = veza;
        var refused = await veza.RegisterAsync(MailServer.Refused);
        await Eventually.TrueAsync(async () => (await GivenUpAsync(veza)).Count == 1);
        var ada = await veza.RegisterAsync("ada");
        await Eventually.TrueAsync(() =>
            smtp.Taken.Any(m => m.To.Mailboxes.Single().Address.StartsWith(ada.UserName, StringComparison.Ordinal))
        );
        var error = Assert.Single(await GivenUpAsync(veza));
        Assert.Contains("550", error);
        Assert.DoesNotContain(refused.UserName, error);
    }

    [Fact]
    public async Task In_production_without_a_mail_server_accounts_are_made_and_what_needs_mail_says_so()
    {
        var veza = new VezaServer
        {
            More =
            [
                ("ENVIRONMENT", "production"),
                ("HOST", "127.0.0.1"),
                ("JWT_SECRET", "q8Zr4vN1xK7tB3mW9cY5hJ2dF6gL0sPa"),
                ("ENCRYPTION_KEY", "aP0sL6gF2dJ5hY9cW3mB7tK1xN4vrZ8q"),
            ],
        };
        await veza.InitializeAsync();
        await using var owned = veza;
        var ada = await veza.RegisterAsync("ada");
        Assert.False((await ada.GetAsync("/api/v1/accounts/me").JsonAsync()).GetProperty("emailProven").GetBoolean());
        await ada.PostAsync("/api/v1/accounts/me/email/proof")
            .RefusedAsync(HttpStatusCode.ServiceUnavailable, "mail_not_configured");
        await ada.PutAsync(
                "/api/v1/accounts/me/email",
                new { email = "ada@example.com", password = "correct horse battery" }
            )
            .RefusedAsync(HttpStatusCode.ServiceUnavailable, "mail_not_configured");
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset/request", new { email = "ada@example.com" })
            .RefusedAsync(HttpStatusCode.ServiceUnavailable, "mail_not_configured");
        Assert.False(Directory.Exists(Path.Combine(veza.Home, "mail")));
    }

    private static async Task<List<string>> GivenUpAsync(VezaServer veza)
    {
        await using var database = NpgsqlDataSource.Create(veza.ConnectionString);
        await using var select = database.CreateCommand(
            "select exception_message from wolverine.wolverine_dead_letters"
        );
        await using var rows = await select.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var errors = new List<string>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken))
            errors.Add(rows.GetString(0));
        return errors;
    }

    /// <summary>Accepts mail on loopback, except for recipients whose name begins with <see cref="Refused"/>.</summary>
    private sealed class MailServer : MessageStore, IMailboxFilter, IAsyncDisposable
    {
        public const string Refused = "refused";

        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _running;

        public MailServer(int port)
        {
            var services = new SmtpServer.ComponentModel.ServiceProvider();
            services.Add((IMessageStore)this);
            services.Add((IMailboxFilter)this);
            var options = new SmtpServerOptionsBuilder()
                .ServerName("localhost")
                .Endpoint(e => e.Endpoint(new IPEndPoint(IPAddress.Loopback, port)))
                .Build();
            _running = new SmtpServer.SmtpServer(options, services).StartAsync(_stopping.Token);
        }

        public ConcurrentQueue<MimeMessage> Taken { get; } = new();

        public override Task<SmtpResponse> SaveAsync(
            ISessionContext context,
            IMessageTransaction transaction,
            ReadOnlySequence<byte> buffer,
            CancellationToken cancellationToken
        )
        {
            Taken.Enqueue(MimeMessage.Load(new MemoryStream(buffer.ToArray()), cancellationToken));
            return Task.FromResult(SmtpResponse.Ok);
        }

        public Task<bool> CanAcceptFromAsync(
            ISessionContext context,
            IMailbox from,
            int size,
            CancellationToken cancellationToken
        ) => Task.FromResult(true);

        public Task<bool> CanDeliverToAsync(
            ISessionContext context,
            IMailbox to,
            IMailbox from,
            CancellationToken cancellationToken
        ) => Task.FromResult(!to.User.StartsWith(Refused, StringComparison.Ordinal));

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stopping.Dispose();
        }
    }
}
