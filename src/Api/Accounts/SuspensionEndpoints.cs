using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Domain.Accounts;

namespace Veza.Api.Accounts;

/// <param name="Reason">One line, for the account's owner and for other operators.</param>
public sealed record EndSuspensionBody(string Reason);

/// <param name="Reason">One line, for the account's owner and for other operators.</param>
/// <param name="Until">When it ends automatically; null until an operator ends it.</param>
public sealed record SuspensionBody(string Reason, DateTimeOffset? Until = null);

public static class SuspensionEndpoints
{
    public static void MapSuspensions(this IEndpointRouteBuilder api)
    {
        var suspension = api.MapGroup("/accounts/{accountId:guid}/suspension").WithTags("Accounts");
        suspension
            .MapPut("", Suspend)
            .WithSummary("Suspend an account")
            .WithDescription(
                """
                For operators. Ends the account's sessions, API keys, live connections and broadcasts, and refuses
                its sign-ins until the suspension ends or until `until`, at most ten years ahead. Suspending it
                again only changes `until`.
                """
            );
        suspension
            .MapDelete("", End)
            .WithSummary("End an account's suspension")
            .WithDescription(
                """
                For operators. The account can sign in again; its ended sessions, keys and broadcasts stay ended.
                """
            );
    }

    private static async Task<IResult> Suspend(
        Guid accountId,
        SuspensionBody body,
        Caller caller,
        CommandSender commands
    ) =>
        caller.Roles.Contains(PlatformRole.Operator)
            ? await commands.Send(
                new SuspendAccount(accountId, caller.AccountId, body.Reason, body.Until),
                new { id = accountId }
            )
            : Problems.Result(AccountRefusals.NotAnOperator);

    private static async Task<IResult> End(
        Guid accountId,
        [Microsoft.AspNetCore.Mvc.FromBody] EndSuspensionBody body,
        Caller caller,
        CommandSender commands
    ) =>
        caller.Roles.Contains(PlatformRole.Operator)
            ? await commands.Send(new EndSuspension(accountId, caller.AccountId, body.Reason), new { id = accountId })
            : Problems.Result(AccountRefusals.NotAnOperator);
}
