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
                "What follows from events: each with its `state` (`running`, `faulted`, `waiting` when no node runs it), "
                    + "its `position`, up to which everything is done, its `lag` behind the log, how many events are `waiting` "
                    + "in its queue and how many it gave up (`dead`), the `node` that feeds its queue, and its `error`. "
                    + "`commands` is the queue of commands that follow at a time to come. The same on every node. For operators."
            );
        reactors
            .MapPost(
                "/{name}/retry",
                (string name, Caller caller, PrivilegedActs acts, ReactorQueues queues, CancellationToken ct) =>
                    DecideAsync(name, caller, OperatorAct.Retry, acts, queues, queues.RetryAsync, ct)
            )
            .WithSummary("Retry what a reactor gave up")
            .WithDescription(
                "The reactor is given again every event it gave up, with all its attempts. For operators."
            );
        reactors
            .MapPost(
                "/{name}/skip",
                (string name, Caller caller, PrivilegedActs acts, ReactorQueues queues, CancellationToken ct) =>
                    DecideAsync(name, caller, OperatorAct.Skip, acts, queues, queues.SkipAsync, ct)
            )
            .WithSummary("Skip what a reactor gave up")
            .WithDescription("Every event the reactor gave up is dismissed. For operators.");
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
