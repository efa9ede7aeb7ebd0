using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Coordination;

namespace Veza.Api.Replay;

/// <summary>
/// Shows the progress of the read models on all nodes, and decides what happens to events that they could not apply.
/// </summary>
public static class ProjectionEndpoints
{
    public const string OperatorRole = "operator";

    public static void MapProjections(this IEndpointRouteBuilder api)
    {
        var projections = api.MapGroup("/projections")
            .RequireAuthorization(policy => policy.RequireRole(OperatorRole))
            .WithTags("Operation");
        projections
            .MapGet("/", ListAsync)
            .WithSummary("List the projections")
            .WithDescription(
                """
                Each with its `kind`, `state` (`running`, `faulted`, or `waiting` when no node runs it), `position`,
                `lag` behind the log, the event it `standsAt`, how many it `skipped`, the `node` that runs it, its
                `error`, and its `shards`. The same on every node. For operators.
                """
            );
        projections
            .MapPost(
                "/{name}/retry",
                (string name, Caller caller, PrivilegedActs acts, EventLog log, CancellationToken ct) =>
                    DecideAsync(name, caller, OperatorAct.Retry, acts, log, log.Processors.RetryAsync, ct)
            )
            .WithSummary("Retry the parked events of a projection")
            .WithDescription(
                """
                A projection that is stuck at an event tries it again. Only a rebuild applies skipped events. For
                operators.
                """
            );
        projections
            .MapPost(
                "/{name}/skip",
                (string name, Caller caller, PrivilegedActs acts, EventLog log, CancellationToken ct) =>
                    DecideAsync(name, caller, OperatorAct.Skip, acts, log, log.Processors.SkipAsync, ct)
            )
            .WithSummary("Skip the parked events of a projection")
            .WithDescription(
                """
                A projection that is stuck at an event skips it, and reports that until it is rebuilt. For
                operators.
                """
            );
    }

    /// <param name="Lag">Events between its position and the head of the log.</param>
    private sealed record Item(
        string Name,
        string Kind,
        RunnerState State,
        long Position,
        long Lag,
        long? StandsAt,
        long Skipped,
        Guid? Node,
        string? Error,
        IReadOnlyList<Item> Shards
    );

    private static async Task<IResult> ListAsync(EventLog log, CancellationToken ct) =>
        Results.Ok(
            new { items = (await ProjectionsAsync(log, ct)).Select(r => Show(r, log.Head)), next = (string?)null }
        );

    private static async Task<IEnumerable<RunnerStatus>> ProjectionsAsync(EventLog log, CancellationToken ct) =>
        (await log.Processors.StatusAsync(ct)).Where(r => r.Kind == EventStore.Projections.ProjectionHost.Kind);

    private static async Task<IResult> DecideAsync(
        string name,
        Caller caller,
        string act,
        PrivilegedActs acts,
        EventLog log,
        Func<string, CancellationToken, Task<int>> decide,
        CancellationToken ct
    )
    {
        var isKnown = (await ProjectionsAsync(log, ct)).Any(r => r.Name == name);
        var unrecorded = isKnown ? await acts.OperatorAsync(caller.AccountId, act, name) : null;
        if (unrecorded is not null)
            return Problems.Result(unrecorded);
        var events = isKnown ? await decide(name, ct) : 0;
        if ((await ProjectionsAsync(log, ct)).FirstOrDefault(r => r.Name == name) is not { } runner)
            return Problems.Result(
                new("projection_unknown", RefusalKind.Unknown, $"there is no projection \"{name}\"")
            );
        return events == 0
            ? Problems.Result(new("nothing_parked", RefusalKind.Conflict, Nothing(runner)))
            : Results.Ok(new { events, item = Show(runner, log.Head) });
    }

    private static string Nothing(RunnerStatus runner) =>
        runner is { Skipped: > 0 }
            ? $"{runner.Name} stopped at no event; only a rebuild applies the {runner.Skipped} it skipped"
            : $"{runner.Name} has no parked event";

    private static Item Show(RunnerStatus r, long head) =>
        new(
            r.Name,
            r.Kind,
            r.State,
            r.Position,
            Math.Max(0, head - r.Position),
            r.StandsAt,
            r.Skipped,
            r.Node,
            r.Error,
            [.. r.Shards.Select(s => Show(s, head))]
        );
}
