using System.Text.Json;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Projections.Accounts;

namespace Veza.Api.Accounts;

// Records with a password, a secret or a code do not print it.
public sealed record BeginTwoFactorBody(string Password)
{
    public override string ToString() => nameof(BeginTwoFactorBody);
}

public sealed record CodeBody(string Code)
{
    public override string ToString() => nameof(CodeBody);
}

/// <param name="Secret">In base32, for authenticator apps; shown only in this answer.</param>
/// <param name="Uri">The secret as an otpauth address, for a QR code.</param>
public sealed record TwoFactorSecretView(Guid Id, string Secret, string Uri)
{
    public override string ToString() => nameof(TwoFactorSecretView);
}

/// <param name="RecoveryCodes">Each replaces a code once; shown only in this answer.</param>
public sealed record RecoveryCodesView(Guid Id, IReadOnlyList<string> RecoveryCodes)
{
    public override string ToString() => nameof(RecoveryCodesView);
}

/// <param name="Enabled">Whether sign-in needs a code.</param>
/// <param name="RecoveryCodesLeft">Recovery codes not used yet; 0 while it is off.</param>
public sealed record TwoFactorView(bool Enabled, int RecoveryCodesLeft);

/// <summary>Set-up, state and end of two-factor sign-in.</summary>
public static class TwoFactorEndpoints
{
    public static void MapTwoFactor(this IEndpointRouteBuilder api)
    {
        var twoFactor = api.MapGroup("/accounts/me/two-factor").WithTags("Accounts");
        // Tagged as sessions, a resource without a grantable scope: no API key needs to know it.
        api.MapGet("/accounts/me/two-factor", ReadAsync)
            .WithTags("Sessions")
            .Produces<TwoFactorView>()
            .WithSummary("Read whether two-factor sign-in is on")
            .WithDescription("With the number of recovery codes that are left. It is as current as your last write.");
        twoFactor
            .MapPost("", Begin)
            .HoldsSecrets()
            .Produces<TwoFactorSecretView>(StatusCodes.Status201Created)
            .WithSummary("Set up two-factor sign-in")
            .WithDescription(
                """
                Returns a secret for an authenticator app (RFC 6238: SHA-1, 30 seconds, 6 digits). Sign-in stays
                unchanged until `confirm`.
                """
            );
        twoFactor
            .MapPost("/confirm", Confirm)
            .HoldsSecrets()
            .Produces<RecoveryCodesView>()
            .WithSummary("Turn two-factor sign-in on")
            .WithDescription(
                """
                With a first code from the app. From then on sign-in needs `code` beside the password: a code of the
                app, valid once, or one of the recovery codes in this answer.
                """
            );
        twoFactor
            .MapPost("/disable", Disable)
            .HoldsSecrets()
            .WithSummary("Turn two-factor sign-in off")
            .WithDescription("With a code of the app or a recovery code.");
    }

    private static async Task<IResult> ReadAsync(
        Caller caller,
        AccountAuthenticator authenticator,
        CancellationToken ct
    )
    {
        var account = await authenticator.AccountAsync(caller.AccountId, ct);
        return Results.Ok(
            account?.TwoFactor is { Enabled: true } on
                ? new TwoFactorView(true, TwoFactor.RecoveryCodesCount - on.UsedRecoveryCodes.Count)
                : new TwoFactorView(false, 0)
        );
    }

    private static async Task<IResult> Begin(
        BeginTwoFactorBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator authenticator,
        SignInThrottle throttle,
        PasswordSlots passwords,
        TwoFactors twoFactors,
        AccountQueries queries,
        CancellationToken ct
    )
    {
        var account = await authenticator.AccountAsync(caller.AccountId, ct);
        var ids = new SessionIds(Guid.CreateVersion7());
        var result = await throttle.TryAsync(http, account, name: null, async () =>
            await passwords.FitsAsync(caller.AccountId, account?.PasswordHash, body.Password, ct) switch
            {
                null => new CommandResult.Refused(PasswordSlots.Busy),
                false => new CommandResult.Refused(AccountRefusals.PasswordWrong),
                true => await commands.Decide(new BeginTwoFactor(caller.AccountId, ids.Id, account!.PasswordHash), ids),
            }
        );
        if (result is not CommandResult.Done done)
            return CommandSender.Answer(result, ids);
        // A repeated request gets the secret of its first answer.
        if (done.Answer is not null)
            ids = JsonSerializer.Deserialize<SessionIds>(done.Answer, JsonSerializerOptions.Web)!;
        var secret = Totp.Base32(twoFactors.Secret(ids.Id));
        // The name that the app shows. The profile may not be projected yet, and that must not fail the request.
        var name = (await queries.FindAsync(caller.AccountId, ct))?.UserName ?? caller.AccountId.ToString();
        http.Response.Headers.CacheControl = "no-store";
        return CommandSender.Answer(
            done with
            {
                Answer = null,
            },
            new TwoFactorSecretView(ids.Id, secret, TwoFactors.Uri(name, secret)),
            StatusCodes.Status201Created
        );
    }

    private static async Task<IResult> Confirm(
        CodeBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator authenticator,
        SignInThrottle throttle,
        TwoFactors twoFactors,
        CancellationToken ct
    )
    {
        var account = await authenticator.AccountAsync(caller.AccountId, ct);
        var shown = twoFactors.Read(account?.TwoFactor, body.Code ?? "")!;
        var ids = new SessionIds(shown.SeedId);
        var confirm = new ConfirmTwoFactor(caller.AccountId, shown);
        var result = await throttle.TryAsync(http, account, name: null, () => commands.Decide(confirm, ids));
        if (result is not CommandResult.Done done)
            return CommandSender.Answer(result, ids);
        http.Response.Headers.CacheControl = "no-store";
        var seed = done.Answer is null
            ? shown.SeedId
            : JsonSerializer.Deserialize<SessionIds>(done.Answer, JsonSerializerOptions.Web)!.Id;
        return CommandSender.Answer(
            done with
            {
                Answer = null,
            },
            new RecoveryCodesView(caller.AccountId, twoFactors.RecoveryCodes(seed))
        );
    }

    private static async Task<IResult> Disable(
        CodeBody body,
        Caller caller,
        HttpContext http,
        CommandSender commands,
        AccountAuthenticator authenticator,
        SignInThrottle throttle,
        TwoFactors twoFactors,
        CancellationToken ct
    )
    {
        var account = await authenticator.AccountAsync(caller.AccountId, ct);
        var command = new DisableTwoFactor(caller.AccountId, twoFactors.Read(account?.TwoFactor, body.Code ?? "")!);
        var answer = new { id = caller.AccountId };
        return CommandSender.Answer(
            await throttle.TryAsync(http, account, name: null, () => commands.Decide(command, answer)),
            answer
        );
    }
}
