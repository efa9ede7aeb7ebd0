using Microsoft.Extensions.Logging;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Mail;
using Veza.Reactors.Running;

namespace Veza.Reactors.Accounts;

/// <summary>
/// Sends the mails about an account: proofs of addresses, warnings, and tokens that set another password.
/// </summary>
/// <remarks>
/// A mail goes out at least once: a node that dies before it records the mail sends it again. A mail that is obsolete
/// by then, such as a proof that was requested again, is not sent. While the mail server is away, each mail is retried
/// for about five hours in all. That is longer than a move of the mail server takes, and shorter than a proof is valid.
/// A mail that the server refuses permanently becomes a dead letter.
/// </remarks>
[Reactor(
    "accounts.send_mail.v1",
    AtOnceMax = MailsAtOnceMax,
    AttemptsMax = 20,
    WaitSecondsMax = 30 * 60,
    RestSeconds = 60
)]
public sealed class SendAccountMail(
    EventLog log,
    CommandBus commands,
    IMailer mailer,
    AccountLetters letters,
    MailTokens tokens,
    TimeProvider clock,
    ILogger<SendAccountMail> logger
)
{
    /// <summary>Connections to the mail server at a time. Servers refuse many from one client.</summary>
    private const int MailsAtOnceMax = 4;

    public Task HandleAsync(
        Appended<EmailProofRequested> appended,
        AppendedEvent<EmailProofRequested> e,
        CancellationToken ct
    ) => ProveAsync(e, ct);

    public async Task HandleAsync(Appended<EmailProven> appended, AppendedEvent<EmailProven> e, CancellationToken ct)
    {
        if (e.Data.Before is { Length: > 0 } before)
            await SendAsync(e, MailKind.EmailReplaced, letters.EmailReplaced(e.Data.AccountId, before), ct);
    }

    public async Task HandleAsync(
        Appended<PasswordResetAsked> appended,
        AppendedEvent<PasswordResetAsked> e,
        CancellationToken ct
    )
    {
        if (e.Data.AccountId is { } holder)
            await ResetAsync(e, holder, ct);
    }

    public void Handle(Appended<AccountErased> appended, AppendedEvent<AccountErased> e) =>
        mailer.DeleteLetters(e.Data.AccountId);

    private async Task ProveAsync(AppendedEvent<EmailProofRequested> e, CancellationToken ct)
    {
        var asked = e.Data;
        var account = await AccountAsync(asked.AccountId, ct);
        if (account is not { Erased: false, Suspended: false, NewEmail: { Length: > 0 } to, Proof: { } proof })
            return;
        if (proof.ProofId != asked.ProofId || proof.ExpiresAt <= clock.GetUtcNow())
            return;
        // The reactor checks this and not the command, so the answer to the request does not reveal accounts.
        var held = await log.Reader.FindNameAsync(Account.EmailScope, to.ToLowerInvariant(), ct);
        if (held is { } holder && holder != account.Id)
            await SendAsync(e, MailKind.EmailHeld, letters.EmailHeld(holder, to), ct);
        else
        {
            var token = tokens.EmailProof(account.Id, proof.ProofId);
            await SendAsync(e, MailKind.EmailProof, letters.EmailProof(account.Id, to, token), ct);
        }
    }

    private async Task ResetAsync(AppendedEvent<PasswordResetAsked> e, Guid holder, CancellationToken ct)
    {
        if (!mailer.IsConfigured)
            return;
        var reset = e.CommandId();
        await commands.FollowUpAsync(reset, new MailPasswordReset(holder, reset));
        var account = await AccountAsync(holder, ct);
        // A newer request replaced this one, or the account is suspended or erased.
        if (account is not { Suspended: false, Email.Length: > 0, MailedReset: { } good })
            return;
        if (good.ResetId != reset || good.ExpiresAt <= clock.GetUtcNow())
            return;
        // The mailbox counted this mail when it was requested.
        await PostAsync(letters.PasswordReset(holder, account.Email, tokens.PasswordReset(holder, reset)), ct);
    }

    private async Task SendAsync<TEvent>(AppendedEvent<TEvent> e, MailKind kind, Letter letter, CancellationToken ct)
        where TEvent : class
    {
        var id = e.CommandId();
        if (!mailer.IsConfigured || await log.Reader.FindCommandAsync(id, ct) is not null)
            return;
        var mailbox = tokens.MailboxOf(letter.To);
        var recent = await log.Aggregates.FindAsync<Mailbox>(mailbox, ct);
        if (recent?.IsFull(clock.GetUtcNow()) == true)
        {
            logger.LogInformation(
                "A mail about account {AccountId} was not sent: its address recently got {Mails} mails",
                letter.AccountId,
                recent.Mails.Count
            );
            return;
        }
        await PostAsync(letter, ct);
        await commands.FollowUpAsync(id, new RecordMailSent(mailbox, letter.AccountId, kind));
    }

    private async Task PostAsync(Letter letter, CancellationToken ct)
    {
        try
        {
            await mailer.SendAsync(letter, ct);
        }
        catch (MailRefusedException no)
        {
            throw new ReactorGivesUpException(no.Message);
        }
    }

    private async Task<Account?> AccountAsync(Guid id, CancellationToken ct)
    {
        await log.CatchUpAsync(ct);
        return await log.Aggregates.FindAsync<Account>(id, ct);
    }
}
