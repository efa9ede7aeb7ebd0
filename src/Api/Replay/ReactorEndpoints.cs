using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Reactors.Running;

namespace Veza.Api.Replay;

/// <summary>Shows the progress of the reactors on all nodes, and decides what happens to their dead letters.</summary>
public static class ReactorEndpoints
{
    public static void MapReactors(this IEndpointRouteBuilder api)
    {
        var reactors = api.MapGroup("/reactors")
            .RequireAuthorization(policy => policy.RequireRole(ProjectionEndpoints.OperatorRole))
            .WithTags("Operation");
        reactors
            .MapGet("/", ListAsync)
            .WithSummary("List the reactors")
            .WithDescription(
                """
                Each with its `state` (`running`, `faulted`, or `waiting` when no node runs it), its `position`, up
                to which all its work is done, its `lag` behind the log, the number of `waiting` events in its queue
                and of dead letters (`dead`), the `node` that feeds its queue, and its `error`. `commands` is the
                queue of scheduled commands. The same on every node. For operators.
                """
            );
        reactors
            .MapPost(
                "/{name}/retry",
                (string name, Caller caller, PrivilegedActs acts, ReactorQueues queues, CancellationToken ct) =>
                    DecideAsync(name, caller, OperatorAct.Retry, acts, queues, queues.RetryAsync, ct)
            )
            .WithSummary("Retry the dead letters of a reactor")
            .WithDescription(
                "Puts every dead letter back into the reactor's queue, with all its attempts. For operators."
            );
        reactors
            .MapPost(
                "/{name}/skip",
                (string name, Caller caller, PrivilegedActs acts, ReactorQueues queues, CancellationToken ct) =>
                    DecideAsync(name, caller, OperatorAct.Skip, acts, queues, queues.SkipAsync, ct)
            )
            .WithSummary("Skip the dead letters of a reactor")
            .WithDescription("Dismisses every dead letter of the reactor. For operators.");
    }

    private static async Task<IResult> ListAsync(ReactorQueues queues, CancellationToken ct) =>
        Results.Ok(new { items = await queues.StatusAsync(ct), next = (string?)null });

    private static async Task<IResult> DecideAsync(
        string name,
        Caller caller,
        string act,
        PrivilegedActs acts,
        ReactorQueues queues,
        Func<string, CancellationToken, Task<int?>> decide,
        CancellationToken ct
    )
    {
        if (!ReactorQueues.Has(name))
            return Problems.Result(
                new(
                    "reactor_unknown",
                    RefusalKind.Unknown,
                    $"there is no reactor \"{name}\"; `GET /api/v1/reactors` lists them"
                )
            );
        if (await acts.OperatorAsync(caller.AccountId, act, name) is { } unrecorded)
            return Problems.Result(unrecorded);
        var events = await decide(name, ct);
        if (events is null or 0)
            return Problems.Result(new("nothing_parked", RefusalKind.Conflict, $"{name} has given up no event"));
        var item = (await queues.StatusAsync(ct)).Single(reactor => reactor.Name == name);
        return Results.Ok(new { events, item });
    }
}
