using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Accounts;
using Veza.Domain.Accounts;

namespace Veza.Api.Accounts;

/// <param name="Reason">One line, for the account's owner and for other operators.</param>
public sealed record SuspensionBody(string Reason);

public static class SuspensionEndpoints
{
    public static void MapSuspensions(this IEndpointRouteBuilder api)
    {
        var suspension = api.MapGroup("/accounts/{accountId:guid}/suspension").WithTags("Accounts");
        suspension.MapPut("", Suspend).WithSummary("Suspend an account")
            .WithDescription("For operators. The account's sessions, API keys, live connections and broadcasts end, and it signs in nowhere "
                + "until the suspension is ended. Suspending it again changes nothing.");
        suspension.MapDelete("", End).WithSummary("End an account's suspension")
            .WithDescription("For operators. What the suspension ended stays ended; the account signs in again.");
    }

    private static async Task<IResult> Suspend(Guid accountId, SuspensionBody body, Caller caller, Sender commands) =>
        caller.Roles.Contains(Role.Operator)
            ? await commands.Send(new SuspendAccount(accountId, caller.AccountId, body.Reason), new { id = accountId })
            : Problems.Result(AccountRefusals.NotAnOperator);

    private static async Task<IResult> End(
        Guid accountId,
        [Microsoft.AspNetCore.Mvc.FromBody] SuspensionBody body,
        Caller caller,
        Sender commands) =>
        caller.Roles.Contains(Role.Operator)
            ? await commands.Send(new EndSuspension(accountId, caller.AccountId, body.Reason), new { id = accountId })
            : Problems.Result(AccountRefusals.NotAnOperator);
}
