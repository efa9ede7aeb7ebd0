using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Reactions;
using Veza.EventStore.Running;
using Veza.Mail;

namespace Veza.Api.Accounts;

/// <summary>
/// Mails what follows from an account's events: proofs of addresses, warnings, and means to set another password.
/// </summary>
/// <remarks>
/// A mail goes out at least once: a node that dies between the mail server's yes and the record of it sends it again.
/// What has been overtaken by then, such as a proof that was asked for anew, is not sent. While the mail server is away
/// each mail is tried again, for hours; one that it refuses for good is parked.
/// </remarks>
public sealed class SendAccountMail(
    EventLog log,
    CommandBus commands,
    IMailer mailer,
    AccountLetters letters,
    MailTokens tokens,
    TimeProvider clock,
    ILogger<SendAccountMail> logger) : IReaction
{
    public string Name => "accounts.send_mail.v1";

    public IReadOnlySet<Type> Events { get; } =
        new HashSet<Type> { typeof(EmailProofRequested), typeof(EmailProven), typeof(PasswordResetAsked), typeof(AccountErased) };

    /// <summary>Connections to the mail server at the same time; servers refuse many from one client.</summary>
    public int ConcurrencyMax => 4;

    /// <summary>
    /// Some five hours in all: longer than a mail server is away when it is moved, shorter than a proof is good.
    /// </summary>
    public Retries? Retries { get; } = new(AttemptsMax: 20, WaitMin: TimeSpan.FromSeconds(1), WaitMax: TimeSpan.FromMinutes(30));

    public async Task ReactAsync(RecordedEvent e, CancellationToken ct)
    {
        switch (e.Data)
        {
            case EmailProofRequested asked: await ProveAsync(e, asked, ct); break;
            case EmailProven { Before: { Length: > 0 } before } proven:
                await SendAsync(e, MailKind.EmailReplaced, letters.EmailReplaced(proven.AccountId, before), ct);
                break;
            case PasswordResetAsked { AccountId: { } holder }: await ResetAsync(e, holder, ct); break;
            case AccountErased erased: mailer.Forget(erased.AccountId); break;
        }
    }

    private async Task ProveAsync(RecordedEvent e, EmailProofRequested asked, CancellationToken ct)
    {
        var account = await AccountAsync(asked.AccountId, ct);
        if (account is not { Erased: false, Suspended: false, NewEmail: { Length: > 0 } to, Proof: { } proof }) return;
        if (proof.ProofId != asked.ProofId || proof.ExpiresAt <= clock.GetUtcNow()) return;
        // Looked up here and not by the command: how the request is answered does not depend on who is here.
        var held = await log.Reader.FindNameAsync(Account.EmailScope, to.ToLowerInvariant(), ct);
        if (held is { } holder && holder != account.Id)
            await SendAsync(e, MailKind.EmailHeld, letters.EmailHeld(holder, to), ct);
        else
        {
            var token = tokens.EmailProof(account.Id, proof.ProofId);
            await SendAsync(e, MailKind.EmailProof, letters.EmailProof(account.Id, to, token), ct);
        }
    }

    private async Task ResetAsync(RecordedEvent e, Guid holder, CancellationToken ct)
    {
        if (!mailer.IsConfigured) return;
        var reset = FollowUp.CommandId(Name, e);
        await commands.FollowUpAsync(reset, new MailPasswordReset(holder, reset));
        var account = await AccountAsync(holder, ct);
        // Another one overtook it, or the account is out.
        if (account is not { Suspended: false, Email.Length: > 0, MailedReset: { } good }) return;
        if (good.ResetId != reset || good.ExpiresAt <= clock.GetUtcNow()) return;
        // The mailbox has counted it when it was asked for.
        await PostAsync(letters.PasswordReset(holder, account.Email, tokens.PasswordReset(holder, reset)), ct);
    }

    private async Task SendAsync(RecordedEvent e, MailKind kind, Letter letter, CancellationToken ct)
    {
        var id = FollowUp.CommandId(Name, e);
        if (!mailer.IsConfigured || await log.Reader.FindCommandAsync(id, ct) is not null) return;
        var mailbox = tokens.MailboxOf(letter.To);
        var lately = (await log.Models.LoadAsync(typeof(Mailbox), mailbox, ct)).State as Mailbox;
        if (lately?.IsFull(clock.GetUtcNow()) == true)
        {
            logger.LogInformation(
                "A mail about account {AccountId} was not sent: its address was mailed to {Mails} times lately",
                letter.AccountId, lately.Mails.Count);
            return;
        }
        await PostAsync(letter, ct);
        await commands.FollowUpAsync(id, new RecordMailSent(mailbox, letter.AccountId, kind));
    }

    private async Task PostAsync(Letter letter, CancellationToken ct)
    {
        try { await mailer.SendAsync(letter, ct); }
        catch (MailRefusedException no) { throw new ReactionGivesUpException(no.Message); }
    }

    private async Task<Account?> AccountAsync(Guid id, CancellationToken ct)
    {
        await log.CatchUpAsync(ct);
        return (await log.Models.LoadAsync(typeof(Account), id, ct)).State as Account;
    }
}
