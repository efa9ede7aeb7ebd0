using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Npgsql;
using Veza.Api;
using Veza.Api.Accounts;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore.Verification;
using Veza.Integration.Tests.Security;
using Veza.Reactors.Accounts;
using Veza.Reactors.Running;

namespace Veza.Integration.Tests.Accounts;

/// <summary>An address takes effect once it is proven, and no answer reveals its holder to a stranger.</summary>
public class EmailTests(VezaServer veza)
{
    private const string Password = "correct horse battery";
    private const string Confirm = "Confirm your e-mail address";
    private const string Held = "Someone gave your e-mail address";
    private const string Replaced = "Your account has another e-mail address";
    private const string SetPassword = "Set a new password";
    private const string Reactor = "accounts.send_mail.v1";

    private readonly MailFolder _mails = new(veza.Home);

    [Fact]
    public async Task An_address_does_not_sign_in_until_the_token_mailed_there_has_proven_it()
    {
        var ada = await veza.RegisterAsync("ada");
        var email = $"{ada.UserName}@example.org";
        Assert.Equal((email, false), await EmailOfAsync(ada));
        await SignInAsync(email).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");

        var mail = await _mails.WaitAsync(ada.Id, Confirm);
        Assert.Equal(email, Assert.Single(mail.To.Mailboxes).Address);
        Assert.Contains($"{AccountLetters.ProvePath}#{MailFolder.Token(mail)}", mail.TextBody);
        Assert.Contains($"#{MailFolder.Token(mail)}", mail.HtmlBody);
        Assert.DoesNotContain(ada.UserName, mail.TextBody + mail.HtmlBody);
        await ProveAsync(ada, MailFolder.Token(mail)).JsonAsync();

        Assert.Equal((email, true), await EmailOfAsync(ada));
        await SignInAsync(email.ToUpperInvariant()).JsonAsync(HttpStatusCode.Created);
        await ProveAsync(ada, MailFolder.Token(mail)).RefusedAsync(HttpStatusCode.Unauthorized, "proof_token_invalid");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_token_that_was_never_mailed_proves_nothing(string? token) =>
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/email/prove", new { token })
            .RefusedAsync(HttpStatusCode.Unauthorized, "proof_token_invalid");

    [Fact]
    public async Task A_token_that_sets_a_password_proves_no_address_and_the_other_way_round()
    {
        var tokens = veza.Running.App.Services.GetRequiredService<MailTokens>();
        var (account, id) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Assert.Equal(new MailToken(account, id), tokens.ReadEmailProof(tokens.EmailProof(account, id)));
        Assert.Equal(new MailToken(account, id), tokens.ReadPasswordReset(tokens.PasswordReset(account, id)));
        Assert.Null(tokens.ReadEmailProof(tokens.PasswordReset(account, id)));
        Assert.Null(tokens.ReadPasswordReset(tokens.EmailProof(account, id)));
        await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts/password-reset",
                new { token = tokens.PasswordReset(account, id), newPassword = "another good one" }
            )
            .RefusedAsync(HttpStatusCode.Unauthorized, "reset_token_invalid");
    }

    [Fact]
    public async Task Registering_with_anothers_address_is_answered_like_any_other_and_only_its_holder_is_mailed()
    {
        var ada = await veza.RegisterAsync("ada");
        var email = $"{ada.UserName}@example.org";
        await ProveAsync(ada, MailFolder.Token(await _mails.WaitAsync(ada.Id, Confirm))).JsonAsync();

        var free = await RegisterAsync($"{Guid.CreateVersion7():N}@example.org");
        var held = await RegisterAsync(email.ToUpperInvariant());
        Assert.Equal(Shape(free), Shape(held));
        var eve = As(held);
        Assert.Equal((email.ToUpperInvariant(), false), await EmailOfAsync(eve));
        await _mails.WaitAsync(ada.Id, Held);
        await ReactedAsync();
        Assert.Empty(await _mails.AboutAsync(eve.Id));
        // The old address still signs in.
        Assert.Equal(
            ada.Id,
            (await SignInAsync(email).JsonAsync(HttpStatusCode.Created)).GetProperty("accountId").GetGuid()
        );
    }

    [Fact]
    public async Task Of_two_accounts_with_one_address_the_first_to_prove_it_holds_it_and_only_its_mail_says_so()
    {
        var email = $"{Guid.CreateVersion7():N}@example.org";
        var (ada, bo) = (As(await RegisterAsync(email)), As(await RegisterAsync(email)));
        var (adas, bos) = (await _mails.WaitAsync(ada.Id, Confirm), await _mails.WaitAsync(bo.Id, Confirm));
        await ProveAsync(bo, MailFolder.Token(bos)).JsonAsync();
        await ProveAsync(ada, MailFolder.Token(adas)).RefusedAsync(HttpStatusCode.Conflict, "email_taken");
        Assert.Equal((email, false), await EmailOfAsync(ada));
        Assert.Equal((email, true), await EmailOfAsync(bo));
    }

    [Fact]
    public async Task Another_address_takes_the_place_of_the_first_once_it_is_proven_and_the_first_is_warned_and_free()
    {
        var (ada, before) = await WithProvenAddressAsync();
        var after = $"{Guid.CreateVersion7():N}@example.org";
        await ada.PutAsync("/api/v1/accounts/me/email", new { email = "no address", password = Password })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await ada.PutAsync("/api/v1/accounts/me/email", new { email = before, password = Password })
            .RefusedAsync(HttpStatusCode.Conflict, "nothing_to_prove");
        await ada.PutAsync("/api/v1/accounts/me/email", new { email = after, password = "a wrong one" })
            .RefusedAsync(HttpStatusCode.Forbidden, "password_wrong");
        await ada.PutAsync("/api/v1/accounts/me/email", new { email = after, password = Password }).JsonAsync();
        await ada.PutAsync("/api/v1/accounts/me/email", new { email = after, password = Password })
            .RefusedAsync(HttpStatusCode.TooManyRequests, "email_proof_wait");
        await ada.PostAsync("/api/v1/accounts/me/email/proof")
            .RefusedAsync(HttpStatusCode.TooManyRequests, "email_proof_wait");

        await SignInAsync(before).JsonAsync(HttpStatusCode.Created);
        await SignInAsync(after).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        var me = await ada.GetAsync("/api/v1/accounts/me").JsonAsync();
        Assert.Equal((before, after), (me.GetProperty("email").GetString(), me.GetProperty("newEmail").GetString()));

        await ProveAsync(ada, MailFolder.Token(await _mails.WaitAsync(ada.Id, Confirm))).JsonAsync();
        Assert.Equal((after, true), await EmailOfAsync(ada));
        await SignInAsync(before).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        await SignInAsync(after).JsonAsync(HttpStatusCode.Created);
        Assert.Equal(before, Assert.Single((await _mails.WaitAsync(ada.Id, Replaced)).To.Mailboxes).Address);
        var bo = As(await RegisterAsync(before));
        await ProveAsync(bo, MailFolder.Token(await _mails.WaitAsync(bo.Id, Confirm))).JsonAsync();
        await ada.PostAsync("/api/v1/accounts/me/email/proof")
            .RefusedAsync(HttpStatusCode.Conflict, "nothing_to_prove");

        await using var database = NpgsqlDataSource.Create(veza.ConnectionString);
        var report = await new LogVerifier(database, VezaApplication.NameRules).VerifyAsync(
            TestContext.Current.CancellationToken
        );
        Assert.Empty(report.Checks.Single(c => c.Of == "names").Differences);
    }

    [Fact]
    public async Task A_proven_address_gets_its_owner_a_new_password_once_and_ends_their_sessions()
    {
        var (ada, email) = await WithProvenAddressAsync();
        await AskAsync(email);
        var token = MailFolder.Token(await _mails.WaitAsync(ada.Id, SetPassword));
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset", new { token, newPassword = "short" })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset", new { token, newPassword = "another good one" })
            .JsonAsync();
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset", new { token, newPassword = "a third good one" })
            .RefusedAsync(HttpStatusCode.Unauthorized, "reset_token_invalid");
        await ada.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await SignInAsync(email).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = email, password = "another good one" })
            .JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task No_answer_reveals_whether_an_address_has_an_account_and_only_proven_addresses_get_mail()
    {
        var (ada, proven) = await WithProvenAddressAsync();
        var bo = await veza.RegisterAsync("bo");
        var answers = new List<string>();
        foreach (var email in new[] { proven, $"{bo.UserName}@example.org", $"{Guid.CreateVersion7():N}@example.org" })
        {
            using var answer = await veza.Anonymous.PostAsync(
                "/api/v1/accounts/password-reset/request",
                new { email },
                ("X-Forwarded-For", Crowd.Address())
            );
            var headers = answer
                .Headers.Concat(answer.Content.Headers)
                .Where(h => h.Key is not ("Date" or "RateLimit-Remaining" or "RateLimit-Reset"));
            answers.Add(
                $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)} "
                    + string.Join('\n', headers.Select(h => $"{h.Key}: {string.Join(',', h.Value)}").Order())
            );
        }
        Assert.StartsWith("Accepted", Assert.Single(answers.Distinct()));
        await _mails.WaitAsync(ada.Id, SetPassword);
        await ReactedAsync();
        Assert.DoesNotContain(await _mails.AboutAsync(bo.Id), m => m.Subject == SetPassword);
        await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts/password-reset/request",
                new { email = "no address" },
                ("X-Forwarded-For", Crowd.Address())
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task Mails_to_one_address_are_limited_and_a_newer_token_voids_the_one_before()
    {
        var (ada, email) = await WithProvenAddressAsync();
        for (var i = 0; i < Mailbox.PerHourMax + 3; i++)
            await AskAsync(email);
        await ReactedAsync();
        var mails = (await _mails.AboutAsync(ada.Id)).Where(m => m.Subject == SetPassword).ToList();
        // A mail that a newer one replaced before it was sent is not sent.
        Assert.InRange(mails.Count, 1, Mailbox.PerHourMax);
        var good = 0;
        foreach (var token in mails.Select(MailFolder.Token))
        {
            using var answer = await veza.Anonymous.PostAsync(
                "/api/v1/accounts/password-reset",
                new { token, newPassword = "another good one" }
            );
            if (answer.StatusCode == HttpStatusCode.OK)
                good++;
        }
        Assert.Equal(1, good);
    }

    [Fact]
    public async Task Strangers_of_one_network_ask_for_so_many_mails_and_no_more()
    {
        var from = Crowd.Address();
        using var crowd = new Crowd(veza);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < MailRequests.PerNetworkMax + 10; i++)
        {
            using var answer = await veza.Anonymous.PostAsync(
                "/api/v1/accounts/password-reset/request",
                new { email = $"{Guid.CreateVersion7():N}@example.org" },
                ("X-Forwarded-For", from)
            );
            answers.Add(answer.StatusCode);
        }
        Assert.All(answers.Take(MailRequests.PerNetworkMax), status => Assert.Equal(HttpStatusCode.Accepted, status));
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
    }

    [Fact]
    public async Task The_pages_that_mails_link_to_hold_no_personal_data_and_run_only_their_own_script()
    {
        foreach (var path in new[] { AccountLetters.ProvePath, AccountLetters.ResetPath })
        {
            using var answer = await veza.Anonymous.GetAsync(path + "?token=abc");
            Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
            Assert.StartsWith(
                "default-src 'none'; script-src 'sha256-",
                answer.Headers.GetValues("Content-Security-Policy").Single()
            );
            Assert.DoesNotContain("abc", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    private async Task<(string?, bool)> EmailOfAsync(Person person)
    {
        var me = await person.GetAsync("/api/v1/accounts/me").JsonAsync();
        return (me.GetProperty("email").GetString(), me.GetProperty("emailProven").GetBoolean());
    }

    private Task<HttpResponseMessage> SignInAsync(string name) =>
        veza.Anonymous.PostAsync("/api/v1/sessions", new { name, password = Password });

    /// <summary>Returns the mails to the holder of the address.</summary>
    private async Task<HttpResponseMessage> ProveAsync(Person person, string token)
    {
        var answer = await veza.Anonymous.PostAsync("/api/v1/accounts/email/prove", new { token });
        person.SeeUpTo(veza.Running.Log.Head);
        return answer;
    }

    private async Task AskAsync(string email)
    {
        using var answer = await veza.Anonymous.PostAsync(
            "/api/v1/accounts/password-reset/request",
            new { email },
            ("X-Forwarded-For", Crowd.Address())
        );
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    private Task<JsonElement> RegisterAsync(string email) =>
        veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = $"eve_{Guid.CreateVersion7().ToString("N")[12..]}",
                    email,
                    password = Password,
                }
            )
            .JsonAsync(HttpStatusCode.Created);

    private Person As(JsonElement registered)
    {
        var person = new Person(veza, registered.Id(), "", registered.GetProperty("accessToken").GetString());
        person.SeeUpTo(registered.GetProperty("position").GetInt64());
        return person;
    }

    /// <summary>An account from before addresses were proven: it has claimed its own.</summary>
    private async Task<(Person Person, string Email)> WithProvenAddressAsync()
    {
        var services = veza.Running.App.Services;
        var id = Guid.CreateVersion7();
        var userName = $"old_{id.ToString("N")[12..]}";
        var register = new RegisterAccount(
            id,
            userName,
            $"{userName}@example.org",
            services.GetRequiredService<Passwords>().Hash(Password)
        );
        Assert.IsType<CommandResult.Done>(
            await services
                .GetRequiredService<CommandBus>()
                .SendAsync(register, new(Guid.CreateVersion7(), null), null, CancellationToken.None)
        );
        var session = await SignInAsync(register.Email).JsonAsync(HttpStatusCode.Created);
        var person = new Person(veza, id, userName, session.GetProperty("accessToken").GetString());
        person.SeeUpTo(session.GetProperty("position").GetInt64());
        return (person, register.Email);
    }

    /// <summary>Waits until every mail asked for so far is sent or dropped.</summary>
    private async Task ReactedAsync()
    {
        await veza.Running.Log.CatchUpAsync(TestContext.Current.CancellationToken);
        await veza
            .Running.App.Services.GetRequiredService<ReactorQueues>()
            .WaitAsync(Reactor, veza.Running.Log.Head, TestContext.Current.CancellationToken);
    }

    private static string Shape(JsonElement answer) =>
        string.Join(
            ',',
            answer
                .EnumerateObject()
                .Select(p => $"{p.Name}: {p.Value.ValueKind} {(p.Name == "version" ? p.Value : default)}")
        );
}
